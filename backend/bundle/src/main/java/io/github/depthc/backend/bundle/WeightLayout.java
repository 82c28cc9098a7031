// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.backend.onnx.WeightPlacement;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightReader;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/** Decides where in a bundle each weight's bytes go, before anything is written. */
final class WeightLayout implements WeightPlacement {
    // Derived files are filled up to this size, so that several threads have one each.
    private static final long DERIVED_FILE = 512L << 20;
    // What vector loads like, and what other runtimes ask of external data.
    private static final long ALIGNMENT = 64;

    private final WeightsVariant variant;
    /** Type of matrices in derived files; vectors are in F32 there. */
    private final DType matrices;
    /** Folder in the bundle to which locations are relative, with its slash. */
    private final String root;
    private final WeightStore store;
    private final Map<Path, String> copies = new LinkedHashMap<>();
    private final Map<Path, List<FiniteRanges.Range>> copied = new HashMap<>();
    private final Set<String> names = new HashSet<>();
    private final List<Derived> derived = new ArrayList<>();
    private final Set<Path> sources = new HashSet<>();
    private final Map<WeightExpr, Placed> placed = new HashMap<>();

    /** One weight in a derived file. */
    record Piece(WeightExpr weight, long offset) {
    }

    /** A file to be computed. */
    static final class Derived {
        final String path;
        final List<Piece> pieces = new ArrayList<>();
        long size;

        Derived(String path) {
            this.path = path;
        }
    }

    WeightLayout(WeightsVariant wanted, List<Region> graphs, WeightStore store) {
        WeightsVariant fitting = automatic(graphs);
        if (wanted != WeightsVariant.AUTO && wanted != fitting && fitting.bits().isPresent()) {
            throw new InputException("weights are to be stored as " + wanted.text() + ", but a pass has quantized them (" + fitting.text() + "); leave one of the two out");
        }
        this.variant = wanted == WeightsVariant.AUTO ? fitting : wanted;
        this.matrices = variant == WeightsVariant.BF16 ? DType.BF16 : DType.F32;
        this.root = "";
        this.store = store;
    }

    private WeightLayout(WeightsVariant variant, DType matrices, String root, WeightStore store) {
        this.variant = variant;
        this.matrices = matrices;
        this.root = root;
        this.store = store;
    }

    /** For engines: the checkpoint's own bytes where they are in the engines' type and nothing is quantised, else matrices in that type. */
    static WeightLayout ofEngines(DType matrices, Model cut, String root) {
        OptionalInt bits = bits(weights(cut.graph()));
        if (bits.isPresent()) {
            return new WeightLayout(WeightsVariant.ofBits(bits.getAsInt()), matrices, root, cut.weights());
        }
        boolean own = weights(cut.graph()).flatMap(w -> WeightStore.leaves(w).stream()).filter(w -> w.type().shape().size() > 1)
                .allMatch(w -> w.type().dtype() == matrices);
        return new WeightLayout(own ? WeightsVariant.SOURCE : WeightsVariant.FP32, matrices, root, cut.weights());
    }

    private static Stream<WeightExpr> weights(Region region) {
        return region.nodes().stream().flatMap(n -> n.kind() instanceof Weight w ? Stream.of(w.expr()) : n.regions().stream().flatMap(WeightLayout::weights));
    }

    private static OptionalInt bits(Stream<WeightExpr> weights) {
        return weights.filter(WeightExpr.Quantized.class::isInstance).mapToInt(w -> ((WeightExpr.Quantized) w).bits()).min();
    }

    // ONNX Runtime's CPU computes in F32; letting it cast 16-bit weights at load costs seconds and twice the memory.
    private static WeightsVariant automatic(List<Region> graphs) {
        List<WeightExpr> all = graphs.stream().flatMap(WeightLayout::weights).toList();
        OptionalInt bits = bits(all.stream());
        if (bits.isPresent()) {
            return WeightsVariant.ofBits(bits.getAsInt());
        }
        boolean allF32 = all.stream().flatMap(w -> WeightStore.leaves(w).stream()).allMatch(leaf -> leaf.type().dtype() == DType.F32);
        return allF32 ? WeightsVariant.SOURCE : WeightsVariant.FP32;
    }

    /** Any but {@link WeightsVariant#AUTO}. */
    WeightsVariant variant() {
        return variant;
    }

    /** The files that weights are taken from. */
    Set<Path> sources() {
        return sources;
    }

    /** Where the weights' bytes are before they are written. */
    WeightStore store() {
        return store;
    }

    /** Files to copy, each to its path in the bundle. */
    Map<Path, String> copies() {
        return copies;
    }

    /** The weights that the graph takes from a file to copy. */
    List<FiniteRanges.Range> copied(Path file) {
        return copied.getOrDefault(file, List.of());
    }

    /** Files to compute. */
    List<Derived> derived() {
        return derived;
    }

    /** Bytes of the files to copy. */
    long copiedBytes() throws IOException {
        long sum = 0;
        for (Path file : copies.keySet()) {
            sum += Files.size(file);
        }
        return sum;
    }

    /** Bytes of the files to compute. */
    long derivedBytes() {
        return derived.stream().mapToLong(d -> d.size).sum();
    }

    @Override
    public Placed place(WeightExpr weight) {
        if (weight instanceof WeightExpr.Reshape(WeightExpr of, var shape)) {
            return place(of);
        }
        Placed known = placed.get(weight);
        if (known == null) {
            WeightStore.leaves(weight).forEach(w -> store.find(w).file().ifPresent(sources::add));
            known = compute(weight);
            placed.put(weight, known);
        }
        return known;
    }

    private Placed compute(WeightExpr weight) {
        if (variant == WeightsVariant.SOURCE && weight.type().dtype() != DType.F64) {
            Optional<WeightStore.Extent> in = WeightReader.contiguous(weight, store).filter(e -> e.file().isPresent() && (root.isEmpty() || e.offset() % weight.type().dtype().bytes() == 0));
            if (in.isPresent()) {
                WeightStore.Extent e = in.get();
                Path file = e.file().get();
                if (weight.type().dtype().isFloat()) {
                    copied.computeIfAbsent(file, f -> new ArrayList<>())
                            .add(new FiniteRanges.Range(e.offset(), e.bytes().byteSize(), weight.type().dtype(), weight));
                }
                return new Placed(located(copies.computeIfAbsent(file, this::copyName)), e.offset(), e.bytes().byteSize(), weight.type().dtype());
            }
        }
        WeightExpr stored = stored(weight);
        long size = stored.byteSize();
        Derived file = derived.isEmpty() ? null : derived.getLast();
        if (file == null || align(file.size) + size > DERIVED_FILE) {
            String prefix = variant == WeightsVariant.SOURCE ? "derived" : root.isEmpty() || variant.bits().isPresent() ? variant.text() : matrices.text();
            file = new Derived("%s%s/%s-%05d.bin".formatted(root, Bundle.WEIGHTS, prefix, derived.size() + 1));
            derived.add(file);
        }
        long offset = align(file.size);
        file.pieces.add(new Piece(stored, offset));
        file.size = offset + size;
        return new Placed(located(file.path), offset, size, stored.type().dtype());
    }

    /** Where a graph finds a file of the bundle. */
    private String located(String path) {
        return path.substring(root.length());
    }

    /** What is written of a weight: floating point numbers in the variant's type, vectors (norms, biases) in F32. */
    private WeightExpr stored(WeightExpr weight) {
        DType type = weight.type().shape().size() > 1 ? matrices : DType.F32;
        return weight.type().dtype().isFloat() && weight.type().dtype() != type ? new WeightExpr.Cast(weight, type) : weight;
    }

    private String copyName(Path file) {
        String name = file.getFileName().toString();
        if (!BundlePaths.isPlainName(name)) {
            throw new InputException(file + " has a name that cannot be used in a bundle; rename it");
        }
        // Two sources (a checkpoint and its routers) may have files of one name.
        String free = name;
        for (int n = 2; !names.add(free); n++) {
            free = n + "-" + name;
        }
        return root + Bundle.WEIGHTS + "/" + free;
    }

    private static long align(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
