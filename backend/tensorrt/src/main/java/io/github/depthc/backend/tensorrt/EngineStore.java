// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.Checksums;
import io.github.depthc.backend.onnx.WrittenGraph;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.backend.tensorrt.EnginesInfo.EngineFile;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The engines that stand in a bundle, in a folder for each kind of GPU and version of TensorRT. */
final class EngineStore {
    /** What is wrong with engines whose comparison with the CPU did not end well. */
    static final String UNCHECKED = "were not found equal to the CPU";

    private EngineStore() {
    }

    /** Whether there are engines that fit. */
    sealed interface Found {
        /** They fit. */
        record Fitting(Path folder, EnginesInfo info) implements Found {
        }

        /** There are none, and why, as the end of a sentence. */
        record Missing(String why) implements Found {
        }
    }

    /** Where the engines for a GPU are, or will be. */
    static Path folder(PlanFiles files, String gpu, String tensorRt) {
        return files.folder().resolve(EngineNames.FOLDER).resolve(EngineNames.folder(gpu, tensorRt));
    }

    /** The files of all engines, in the order in which they are built: segments, then attention. */
    static List<String> names(PlanFiles files) {
        return Stream.concat(IntStream.range(0, files.segments().size()).mapToObj(EngineNames::segment),
                IntStream.range(0, files.attentions().size()).mapToObj(EngineNames::attention)).toList();
    }

    /** The graphs of all engines, in the order of {@link #names}. */
    static List<Path> graphs(PlanFiles files) {
        return Stream.concat(files.segments().stream(), files.attentions().stream().map(PlanFiles.AttentionGraph::graph)).toList();
    }

    /** SHA-256 of what engines are made of: the graphs, and the files of their weights as {@code bundle.json} lists them. */
    static String fingerprint(PlanFiles files, BundleInfo info) throws IOException {
        var parts = new ArrayList<String>();
        parts.add(files.rowType().text());
        var weights = new TreeSet<String>();
        for (Path graph : graphs(files)) {
            parts.add(Checksums.whole(graph));
            WrittenGraph.read(graph).weights().values().forEach(w -> weights.add(files.folder().relativize(graph.resolveSibling(w.placed().location()).normalize())
                    .toString().replace('\\', '/')));
        }
        for (String file : weights) {
            parts.add(file + " " + info.files().stream().filter(f -> f.path().equals(file)).findFirst()
                    .orElseThrow(() -> new InputException(files.folder() + ": the weights of an engine are in " + file + ", which bundle.json does not list; convert the "
                            + "model again")).sha256());
        }
        return Checksums.of(String.join("\n", parts).getBytes(StandardCharsets.UTF_8));
    }

    /** The engines for this GPU, this version of TensorRT and this plan. */
    static Found find(PlanFiles files, String fingerprint, Gpu gpu, String tensorRt) throws IOException {
        return find(files, fingerprint, gpu, tensorRt, EngineNames.JSON);
    }

    /** The same, by the name that their description has. */
    static Found find(PlanFiles files, String fingerprint, Gpu gpu, String tensorRt, String json) throws IOException {
        Path folder = folder(files, gpu.name(), tensorRt);
        if (!Files.isRegularFile(folder.resolve(json))) {
            return new Found.Missing(Files.isRegularFile(folder.resolve(EngineNames.UNCHECKED)) ? "those in " + folder + " " + UNCHECKED : "none are in " + folder);
        }
        EnginesInfo info;
        try {
            info = EnginesInfo.read(folder, json);
        } catch (InputException e) {
            return new Found.Missing(e.getMessage());
        }
        if (!info.gpu().equals(gpu.name()) || info.architecture() != gpu.architecture()) {
            return new Found.Missing("those in " + folder + " were built for " + info.gpu() + " of architecture " + info.architecture() + ", this is "
                    + gpu.name() + " of " + gpu.architecture());
        }
        if (!info.tensorRt().equals(tensorRt)) {
            return new Found.Missing("those in " + folder + " were built by TensorRT " + info.tensorRt() + ", this is " + tensorRt);
        }
        Optional<String> flaw = flaw(files, fingerprint, folder, info);
        if (flaw.isPresent()) {
            return new Found.Missing(flaw.get());
        }
        return new Found.Fitting(folder, info);
    }

    /** Why engines in a folder are not those of a plan, whatever the GPU; empty where they are. */
    static Optional<String> flaw(PlanFiles files, String fingerprint, Path folder, EnginesInfo info) throws IOException {
        if (!info.plan().equals(fingerprint)) {
            return Optional.of("those in " + folder + " were built from other graphs or weights");
        }
        if (!info.engines().stream().map(EngineFile::file).toList().equals(names(files))) {
            return Optional.of("those in " + folder + " are " + info.engines().size() + " engines, expected " + names(files).size());
        }
        for (EngineFile engine : info.engines()) {
            Path file = folder.resolve(engine.file());
            if (!Files.isRegularFile(file) || Files.size(file) != engine.size()) {
                return Optional.of(file + " is missing or has another size than " + engine.size() + " bytes");
            }
        }
        return Optional.empty();
    }
}
