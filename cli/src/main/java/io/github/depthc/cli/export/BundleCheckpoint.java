// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.export;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.BundleWeights;
import io.github.depthc.backend.bundle.FileEntry;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.frontend.arch.common.LlavaTensors;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.checkpoint.TensorFiles;
import io.github.depthc.frontend.export.ExportSource;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.pytorch.PytorchFile;
import io.github.depthc.frontend.tensorfile.TensorFile;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;

/** What a bundle still has of the checkpoint that it was made from, its files mapped. */
public final class BundleCheckpoint implements AutoCloseable {
    /** The source name of tensors that the graph does not use. */
    private static final String UNUSED = "unused";

    private final ExportSource source;
    private final BundleWeights weights;
    private final SequencedMap<String, TensorFile> unused;
    private final List<TensorFile> files;

    private BundleCheckpoint(ExportSource source, BundleWeights weights, SequencedMap<String, TensorFile> unused, List<TensorFile> files) {
        this.source = source;
        this.weights = weights;
        this.unused = unused;
        this.files = files;
    }

    /**
     * Reads the graph and maps the weights.
     *
     * @throws InputException when the bundle has no {@code config.json}, or a file of it is not as it should be
     */
    public static BundleCheckpoint open(Bundle bundle) throws IOException {
        BundleInfo info = bundle.info();
        if (!Files.isRegularFile(bundle.file(Checkpoint.CONFIG))) {
            throw new InputException(bundle.folder() + ": has no " + Checkpoint.CONFIG + ", which an export begins with; convert the model again");
        }
        OptionalInt bits = bundle.component(Bundle.DECODER).weights().bits();
        if (bits.isPresent()) {
            throw new InputException(bundle.folder() + ": has weights in " + bits.getAsInt() + " bits, which cannot be exported; convert the model again with --weights "
                    + "source or fp32");
        }
        JsonObject config = Checkpoint.config(bundle.folder());
        BundleWeights weights = BundleWeights.open(bundle);
        var files = new ArrayList<TensorFile>();
        try {
            var unused = new LinkedHashMap<String, TensorFile>();
            for (FileEntry file : info.files()) {
                Path path = bundle.file(file.path());
                if (file.path().endsWith(".safetensors") || PytorchFile.isPytorch(path)) {
                    files.add(TensorFiles.open(path));
                    files.getLast().tensors().keySet().stream().filter(LlavaTensors::has).forEach(name -> unused.put(name, files.getLast()));
                }
            }
            var own = new LinkedHashMap<String, WeightExpr.Stored>();
            weights.tensors().forEach((name, type) -> own.put(name, new WeightExpr.Stored(BundleWeights.SOURCE, name, type)));
            var others = new LinkedHashMap<String, WeightExpr.Stored>();
            unused.forEach((name, file) -> others.put(name, new WeightExpr.Stored(UNUSED, name, file.tensors().get(name).type())));
            var source = new ExportSource(bundle.folder().toString(), config, info.model(), info.layers().stream().map(LayerPlan::routing).toList(),
                    own, others);
            return new BundleCheckpoint(source, weights, unused, files);
        } catch (IOException | RuntimeException | Error e) {
            weights.close();
            files.forEach(TensorFile::close);
            throw e;
        }
    }

    /** What is to be exported. */
    public ExportSource source() {
        return source;
    }

    /** The bytes of its tensors. */
    public WeightStore store() {
        return WeightStore.bySource(Map.of(BundleWeights.SOURCE, weights, UNUSED, w -> unused.get(w.name()).extent(w.name())));
    }

    /** The tokenizer's files and {@code generation_config.json}, those that there are. */
    public static List<Path> copies(Bundle bundle) throws IOException {
        var all = new ArrayList<>(Checkpoint.tokenizerFiles(bundle.folder()));
        Optional.of(bundle.file(Checkpoint.GENERATION_CONFIG)).filter(Files::isRegularFile).ifPresent(all::add);
        return all;
    }

    @Override
    public void close() {
        weights.close();
        files.forEach(TensorFile::close);
    }
}
