// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.backend.onnx.EmitOptions;
import io.github.depthc.backend.onnx.Emission;
import io.github.depthc.backend.onnx.OnnxEmitter;
import io.github.depthc.backend.onnx.OnnxFiles;
import io.github.depthc.backend.onnx.OnnxNames;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.io.StagingFolder;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/** Writes bundles: whole, or not at all. */
public final class BundleWriter {
    static final String GRAPH = "model.onnx";
    private static final Set<String> RESERVED = Set.of(Bundle.JSON, GRAPH, file(Bundle.DECODER), file(Bundle.EMBEDDING), file(Bundle.VISION), BundleSpec.REPORT, BundleSpec.QUANTIZATION,
            Bundle.WEIGHTS, BundlePlan.FOLDER.substring(0, BundlePlan.FOLDER.length() - 1));
    // Folders, and what file systems add.
    private static final long OVERHEAD = 1 << 20;

    private final BundleSpec spec;
    private final WeightLayout layout;
    private final Optional<GpuFiles> engines;
    private final Emission emission;
    /** Of each component its graph, by its file. */
    private final Map<String, ModelProto> graphs = new LinkedHashMap<>();

    private BundleWriter(BundleSpec spec) {
        for (String name : spec.files().keySet()) {
            if (!BundlePaths.isPlainName(name) || RESERVED.contains(name) || name.startsWith(".")) {
                throw new InputException("a bundle cannot have a file named \"" + name + "\"; rename " + spec.files().get(name));
            }
        }
        this.spec = spec;
        this.layout = layout(spec);
        this.emission = OnnxEmitter.emit(spec.model().graph(), new EmitOptions(spec.portable(), spec.toolVersion(), outputs(spec.model().graph())), layout);
        BundleInfo info = info(List.of());
        var emitted = new ArrayList<>(List.of(emission.model()));
        for (BundleSpec.Part part : spec.parts()) {
            emitted.add(OnnxEmitter.emit(part.graph(), new EmitOptions(spec.portable(), spec.toolVersion(), part.outputs()), layout).model());
        }
        for (int i = 0; i < emitted.size(); i++) {
            BundleInfo.Component component = info.components().get(i);
            graphs.put(component.file(), GraphDescription.in(emitted.get(i), info, component));
        }
        this.engines = spec.engines().map(e -> GpuFiles.of(e, spec));
        engines.ifPresent(e -> graphs.putAll(e.graphs()));
    }

    private Stream<WeightLayout> layouts() {
        return Stream.concat(Stream.of(layout), engines.stream().map(GpuFiles::layout));
    }

    private Map<String, byte[]> others() {
        return engines.map(GpuFiles::others).orElse(Map.of());
    }

    /** Names of the yields: those that say which tokens a layer kept are named by the layer. */
    private static List<String> outputs(Region decoder) {
        return IntStream.range(0, decoder.yields().size()).mapToObj(i -> decoder.yields().get(i) instanceof Result r && r.node().kind() instanceof ModSelect s
                ? OnnxNames.kept(s.index()) : OnnxNames.output(i)).toList();
    }

    /** The file of a component beside others; a decoder that is alone is {@link #GRAPH}. */
    static String file(String role) {
        return role + ".onnx";
    }

    private static WeightLayout layout(BundleSpec spec) {
        var regions = new ArrayList<>(List.of(spec.model().graph()));
        spec.parts().forEach(p -> regions.add(p.graph()));
        return new WeightLayout(spec.weights(), regions, spec.model().weights());
    }

    /**
     * Writes a bundle to a temporary folder beside the target, then renames it.
     *
     * @param force replace the target if it is a bundle or an empty folder
     * @throws InputException if the target exists and may not be replaced
     * @throws IOException    if the disk is full (it says what was needed and what is free) or fails; nothing is left then
     */
    public static void write(BundleSpec spec, Path target, boolean force, WriteProgress progress) throws IOException {
        checkTarget(target, force);
        // a link to a bundle stays one
        try (StagingFolder staging = StagingFolder.open(Files.isSymbolicLink(target) ? target.toRealPath() : target, force)) {
            BundleWriter writer = new BundleWriter(spec);
            writer.checkSources(target);
            long needed = writer.size().total() + OVERHEAD;
            checkSpace(staging.folder(), needed);
            try {
                writer.fill(staging.folder(), progress);
            } catch (IOException e) {
                throw isDiskFull(e) ? diskFull(target, needed, Files.getFileStore(staging.folder()).getUsableSpace(), e) : staging.about(e);
            }
            staging.commit();
        }
    }

    /** Finds out early whether {@link #write} may write here; {@link InputException} if the target exists and may not be replaced. */
    public static void checkTarget(Path path, boolean force) throws IOException {
        Path target = path.toAbsolutePath().normalize();
        if (!Files.exists(target) || isEmptyFolder(target)) {
            return;
        }
        if (!Files.isDirectory(target)) {
            throw new InputException(target + " is a file, expected the name of a new folder or a bundle to replace; remove it or give another output path");
        }
        if (!Bundle.isBundle(target) || !Bundle.isOwn(target)) {
            throw new InputException(target + " is not empty and has no " + Bundle.JSON + " of a bundle, so it is no bundle and is not replaced; remove it or give "
                    + "another output path");
        }
        if (!force) {
            throw new InputException(target + " exists already; give another output path, or --force to replace it");
        }
        Optional<String> stranger = Bundle.stranger(target);
        if (stranger.isPresent()) {
            throw new InputException(target + " has " + stranger.get() + " in it, which is no part of the bundle and which replacing it would delete; move it, or give another "
                    + "output path");
        }
    }

    private static boolean isEmptyFolder(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return false;
        }
        try (var entries = Files.list(path)) {
            return entries.findAny().isEmpty();
        }
    }

    /** What is replaced is deleted: nothing that the bundle is made from may lie in it. */
    private void checkSources(Path target) throws IOException {
        if (!Files.exists(target)) {
            return;
        }
        var sources = new ArrayList<Path>();
        layouts().forEach(l -> sources.addAll(l.sources()));
        sources.addAll(spec.files().values());
        for (Path source : sources) {
            if (source.toRealPath().startsWith(target.toRealPath())) {
                throw new InputException(target + " has " + source + " in it, which the bundle is made from and which replacing it would delete; give "
                        + "another output path");
            }
        }
    }

    /** The variant of the weights that a bundle of this specification has, without looking at them. */
    public static WeightsVariant variant(BundleSpec spec) {
        return layout(spec).variant();
    }

    /** What {@link #write} will take, to the byte, without writing. */
    public static BundleSize measure(BundleSpec spec) throws IOException {
        return new BundleWriter(spec).size();
    }

    private BundleSize size() throws IOException {
        var files = new ArrayList<FileEntry>();
        graphs.forEach((file, graph) -> files.add(planned(file, graph.getSerializedSize())));
        spec.texts().forEach((name, text) -> files.add(planned(name, text.getBytes(StandardCharsets.UTF_8).length)));
        for (Map.Entry<String, Path> f : spec.files().entrySet()) {
            files.add(planned(f.getKey(), Files.size(f.getValue())));
        }
        others().forEach((path, bytes) -> files.add(planned(path, bytes.length)));
        long other = files.stream().mapToLong(FileEntry::size).sum();
        long copied = 0;
        long derived = 0;
        for (WeightLayout l : layouts().toList()) {
            for (Map.Entry<Path, String> copy : l.copies().entrySet()) {
                files.add(planned(copy.getValue(), Files.size(copy.getKey())));
            }
            l.derived().forEach(d -> files.add(planned(d.path, d.size)));
            copied += l.copiedBytes();
            derived += l.derivedBytes();
        }
        return new BundleSize(layout.variant(), copied, derived, other + BundleJson.write(info(files)).length);
    }

    // As long in bundle.json as the entry will be.
    private static FileEntry planned(String path, long size) {
        return new FileEntry(path, size, BundleJson.UNSEALED, size > Checksums.UNSAMPLED ? BundleJson.UNSEALED : null);
    }

    private static void checkSpace(Path folder, long needed) throws IOException {
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free < needed) {
            throw diskFull(folder.getParent(), needed, free, null);
        }
    }

    private static boolean isDiskFull(IOException e) {
        String message = String.valueOf(e.getMessage());
        return message.contains("No space left") || message.contains("not enough space") || message.contains("quota");
    }

    private static IOException diskFull(Path where, long needed, long free, IOException cause) {
        return new IOException("not enough disk space in " + where + ": the bundle needs " + mebibytes(needed) + ", " + mebibytes(free)
                + " are free; make room or give another output path", cause);
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%.2f MiB", bytes / (double) (1 << 20));
    }

    private void fill(Path folder, WriteProgress progress) throws IOException {
        Files.createDirectory(folder.resolve(Bundle.WEIGHTS));
        if (engines.isPresent()) {
            Files.createDirectories(folder.resolve(BundlePlan.FOLDER + Bundle.WEIGHTS));
        }
        var files = new ArrayList<FileEntry>(weights(folder, progress));
        for (Map.Entry<String, ModelProto> graph : graphs.entrySet()) {
            OnnxFiles.write(graph.getValue(), folder.resolve(graph.getKey()));
            files.add(entry(folder, graph.getKey()));
        }
        for (Map.Entry<String, byte[]> other : others().entrySet()) {
            Files.write(folder.resolve(other.getKey()), other.getValue(), StandardOpenOption.CREATE_NEW);
            files.add(entry(folder, other.getKey()));
        }
        for (Map.Entry<String, String> text : spec.texts().entrySet()) {
            Files.writeString(folder.resolve(text.getKey()), text.getValue(), StandardOpenOption.CREATE_NEW);
            files.add(entry(folder, text.getKey()));
        }
        for (Map.Entry<String, Path> f : spec.files().entrySet()) {
            Files.copy(f.getValue(), folder.resolve(f.getKey()));
            files.add(entry(folder, f.getKey()));
        }
        files.sort(Comparator.comparing(FileEntry::path));
        Path json = folder.resolve(Bundle.JSON);
        Files.write(json, BundleJson.write(info(files)), StandardOpenOption.CREATE_NEW);
        BundleJson.read(json); // what a reader would refuse must not be written
        // The weights are left to the system to write back, as a file copy leaves them: should the power fail before that,
        // opening the bundle finds it out by sizes and checksums, and converting again is all that is lost.
        StagingFolder.sync(json);
        StagingFolder.sync(folder);
    }

    private List<FileEntry> weights(Path folder, WriteProgress progress) throws IOException {
        long sum = 0;
        for (WeightLayout l : layouts().toList()) {
            sum += l.copiedBytes() + l.derivedBytes();
        }
        long total = sum;
        var done = new AtomicLong();
        var copies = new ArrayList<Callable<FileEntry>>();
        var derived = new ArrayList<Callable<FileEntry>>();
        layouts().forEach(l -> {
            l.copies().forEach((from, to) -> copies.add(() -> {
                var finite = new FiniteRanges(l.copied(from), l.store());
                String sha256 = HashingCopy.copy(from, folder.resolve(to), finite, report(to, done, total, progress));
                return entry(folder, to, sha256);
            }));
            l.derived().forEach(d -> derived.add(() -> derive(d, l.store(), folder, report(d.path, done, total, progress))));
        });
        int cores = Runtime.getRuntime().availableProcessors();
        // Two files at once keep the disk busy: on two cores that took 1.0 of the time of plain copying, one at once 1.3. More
        // gain only where there are cores to hash them.
        var entries = new ArrayList<>(Parallel.run(Math.max(2, cores / 2), copies));
        entries.addAll(Parallel.run(cores, derived));
        return entries;
    }

    private static LongConsumer report(String file, AtomicLong done, long total, WriteProgress progress) {
        return n -> progress.at(file, done.addAndGet(n), total);
    }

    private static FileEntry derive(WeightLayout.Derived d, WeightStore store, Path folder, LongConsumer written) throws IOException {
        String sha256;
        try (HashingChannel out = new HashingChannel(folder.resolve(d.path), written)) {
            var checked = new FiniteChannel(out, store);
            for (WeightLayout.Piece piece : d.pieces) {
                out.padTo(piece.offset());
                checked.write(piece.weight());
            }
            if (out.position() != d.size) {
                throw new IllegalStateException(d.path + " came out with " + out.position() + " bytes, planned were " + d.size);
            }
            sha256 = out.sha256();
        }
        return entry(folder, d.path, sha256);
    }

    private static FileEntry entry(Path folder, String path) throws IOException {
        return entry(folder, path, Checksums.whole(folder.resolve(path)));
    }

    private static FileEntry entry(Path folder, String path, String sha256) throws IOException {
        Path file = folder.resolve(path);
        return new FileEntry(path, Files.size(file), sha256, Checksums.sample(file));
    }

    private BundleInfo info(List<FileEntry> files) {
        boolean embeddings = spec.model().graph().param(GraphNames.INPUTS_EMBEDS) != null;
        var components = new ArrayList<BundleInfo.Component>();
        components.add(component(Bundle.DECODER, spec.parts().isEmpty() ? GRAPH : file(Bundle.DECODER),
                embeddings ? BundleInfo.Inputs.EMBEDDINGS : BundleInfo.Inputs.TOKEN_IDS));
        spec.parts().forEach(p -> components.add(component(p.role(), file(p.role()), p.inputs())));
        return BundleInfo.of(spec, emission.caches(), components, files);
    }

    private BundleInfo.Component component(String role, String file, BundleInfo.Inputs inputs) {
        return new BundleInfo.Component(role, "onnx", layout.variant(), spec.portable(), file, inputs);
    }
}
