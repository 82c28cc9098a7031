// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.bundle.BundleWriter;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.bundle.WriteProgress;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotarySpec;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A Llama-like decoder with random weights, built layer by layer; some layers route. Weights are the same for the same
 * number of layers, whatever routes.
 */
final class TinyDecoder {
    static final int VOCAB = 40;
    static final int CONTEXT = 300;
    private static final int HIDDEN = 16;
    private static final int HEADS = 2;
    private static final int KV_HEADS = 1;
    private static final int HEAD_DIM = 64;
    private static final int INTERMEDIATE = 24;

    private final RegionBuilder b = new RegionBuilder();
    private final Map<String, TensorType> weights = new LinkedHashMap<>();
    private final List<Value> caches = new ArrayList<>();

    private final int window;

    private TinyDecoder(int window) {
        this.window = window;
    }

    /** Writes a bundle; a null routing is a dense layer. */
    static Bundle bundle(Path dir, boolean portable, Routing... layers) throws IOException {
        return bundle(dir, portable, 0, layers);
    }

    /** Writes a bundle whose attention sees a window (0: everything); routed layers have indexed caches then. */
    static Bundle bundle(Path dir, boolean portable, int window, Routing... layers) throws IOException {
        Path work = Files.createTempDirectory(dir, "bundle");
        BundleWriter.write(spec(dir, portable, window, layers), work.resolve("bundle"), false, WriteProgress.NONE);
        return Bundle.open(work.resolve("bundle"));
    }

    /** What such a bundle is made of. */
    static BundleSpec spec(Path dir, boolean portable, int window, Routing... layers) throws IOException {
        var plans = new ArrayList<LayerPlan>();
        for (int i = 0; i < layers.length; i++) {
            plans.add(layers[i] == null ? LayerPlan.dense(i) : LayerPlan.mod(i, layers[i], "test"));
        }
        Model model = new TinyDecoder(window).model(Files.createTempDirectory(dir, "model"), layers);
        return BundleSpec.of(model).layers(plans).portable(portable).toolVersion("test").build();
    }

    private Model model(Path dir, Routing[] layers) throws IOException {
        Value ids = b.param(GraphNames.TOKEN_IDS, TensorType.of(DType.I64, Dim.TOKENS));
        Value positions = b.param(GraphNames.POSITIONS, TensorType.of(DType.I64, Dim.TOKENS));
        Value rows = b.param(GraphNames.ROWS, new RowsType(Dim.TOKENS));
        Value candidates = b.param(GraphNames.CANDIDATES, TensorType.of(DType.BOOL, Dim.TOKENS));
        Value at = b.param(GraphNames.LOGITS_AT, TensorType.of(DType.I64, Dim.of("outputs")));
        var past = new ArrayList<Value>();
        for (int i = 0; i < layers.length; i++) {
            past.add(b.param(GraphNames.cache(i), new CacheType(KV_HEADS, HEAD_DIM, window > 0 && layers[i] != null)));
        }
        Node tables = b.node("cos", new RotaryTable(new RotarySpec(HEAD_DIM, 10000, new RotarySpec.Scaling.None())), List.of(positions, rows),
                List.of(), "sin");
        Value x = b.add("x", new Embedding(), ids, weight("embed", VOCAB, HIDDEN));
        for (int i = 0; i < layers.length; i++) {
            x = layers[i] == null
                    ? layer(i, x, rows, x, rows, tables.results(), tables.results(), past.get(i))
                    : routed(i, layers[i], x, rows, candidates, tables, past.get(i));
        }
        Value last = b.add("last", new GatherRows(), norm("norm", x), at);
        Value logits = b.add("logits", new Linear(), last, weight("head", VOCAB, HIDDEN));
        var yields = new ArrayList<>(List.of(logits));
        yields.addAll(caches);
        var info = new ModelInfo("tiny", "llama", layers.length, HIDDEN, HEADS, KV_HEADS, HEAD_DIM, INTERMEDIATE, VOCAB, CONTEXT);
        return new Model(info, b.build(yields), store(dir.resolve("weights.bin")));
    }

    // Queries are of x; keys and values of kvX, which has x's tokens and perhaps more.
    private Value layer(int i, Value x, Value rows, Value kvX, Value kvRows, List<? extends Value> tables, List<? extends Value> kvTables,
            Value cache) {
        Value n = norm("l" + i + ".norm1", x);
        Value kvN = kvX == x ? n : norm("l" + i + ".norm1", kvX);
        Value q = b.add("q", new Rotary(HEADS), linear("l" + i + ".q", n, HEADS * HEAD_DIM, HIDDEN), tables.get(0), tables.get(1));
        Value k = b.add("k", new Rotary(KV_HEADS), linear("l" + i + ".k", kvN, KV_HEADS * HEAD_DIM, HIDDEN), kvTables.get(0),
                kvTables.get(1));
        Value v = linear("l" + i + ".v", kvN, KV_HEADS * HEAD_DIM, HIDDEN);
        Node attention = b.node("a", new Attention(HEADS, KV_HEADS, HEAD_DIM, 0.125, 0, window),
                List.of(q, k, v, rows, kvRows, cache), List.of());
        caches.add(attention.result(1));
        Value r = b.add("r", new Binary.Residual(Binary.Branch.ATTENTION), x,
                linear("l" + i + ".o", attention.result(0), HIDDEN, HEADS * HEAD_DIM));
        Value m = norm("l" + i + ".norm2", r);
        Value gate = b.add("g", new Unary.Silu(), linear("l" + i + ".gate", m, INTERMEDIATE, HIDDEN));
        Value up = b.add("u", new Binary.Mul(), gate, linear("l" + i + ".up", m, INTERMEDIATE, HIDDEN));
        return b.add("y", new Binary.Residual(Binary.Branch.MLP), r, linear("l" + i + ".down", up, HIDDEN, INTERMEDIATE));
    }

    private Value routed(int i, Routing routing, Value x, Value rows, Value candidates, Node tables, Value cache) {
        Node select;
        if (routing.score() instanceof Routing.Score.None) {
            select = b.node("kept", new ModSelect(routing.selection(), i, "kept." + i), List.of(rows, candidates), List.of());
        } else {
            Value score = b.add("score", new ModScore(routing.score()), norm("l" + i + ".norm1", x), weight("router", 2, HIDDEN));
            select = b.node("kept", new ModSelect(routing.selection(), i, "kept." + i), List.of(rows, candidates, score), List.of());
        }
        Value kept = select.result(0);
        List<Value> keptTables = tables.results().stream().map(t -> b.add("table", new ModGather(), t, kept)).toList();
        Value keptX = b.add("x", new ModGather(), x, kept);
        Value keptRows = select.result(1);
        Value y = routing.kv() == Routing.SkippedKv.KEEP
                ? layer(i, keptX, keptRows, x, rows, keptTables, tables.results(), cache)
                : layer(i, keptX, keptRows, keptX, keptRows, keptTables, keptTables, cache);
        return b.add("x", new ModCombine(), x, kept, y);
    }

    private Value linear(String name, Value x, int out, int in) {
        return b.add(name, new Linear(), x, weight(name, out, in));
    }

    private Value norm(String name, Value x) {
        return b.add(name, new RmsNorm(1e-5, false, 1), x, weight(name, HIDDEN));
    }

    private Value weight(String name, long... shape) {
        TensorType type = TensorType.fixed(DType.F32, shape);
        weights.put(name, type);
        return b.add("w", new Weight(new WeightExpr.Stored("checkpoint", name, type)));
    }

    private WeightStore store(Path file) throws IOException {
        Map<String, Long> offsets = new LinkedHashMap<>();
        long size = 0;
        for (Map.Entry<String, TensorType> w : weights.entrySet()) {
            offsets.put(w.getKey(), size);
            size += new WeightExpr.Stored("checkpoint", w.getKey(), w.getValue()).byteSize();
        }
        MemorySegment mapped;
        try (FileChannel c = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            mapped = c.map(FileChannel.MapMode.READ_WRITE, 0, size, Arena.ofAuto());
        }
        weights.forEach((name, type) -> {
            var random = new Random(name.hashCode());
            boolean norm = type.rank() == 1;
            long end = offsets.get(name) + new WeightExpr.Stored("checkpoint", name, type).byteSize();
            for (long at = offsets.get(name); at < end; at += Float.BYTES) {
                mapped.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, norm ? 1 : (float) (random.nextGaussian() * 0.25));
            }
        });
        return w -> new WeightStore.Extent(file, offsets.get(w.name()), mapped.asSlice(offsets.get(w.name()), w.byteSize()));
    }
}
