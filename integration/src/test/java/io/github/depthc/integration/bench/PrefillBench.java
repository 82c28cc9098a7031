// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.cli.plan.PromptFlops;
import io.github.depthc.cli.plan.RoutedModel;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Prefill of a Mixture-of-Depths bundle, of the dense bundle of the same checkpoint, and of {@link HandBuilt} on the same
 * weights, in turns in one process. Arguments: MoD bundle, dense bundle, folder above both to write graphs to, prompt
 * tokens, rounds, {@code spin} or {@code nospin}.
 */
public final class PrefillBench {
    private PrefillBench() {
    }

    /** A turn: wall-clock seconds and seconds of processor time of the whole process. */
    private record Turn(double wall, double processor) {
    }

    /** Runs the benchmark. */
    public static void main(String[] args) throws IOException {
        Bundle mod = Bundle.open(Path.of(args[0]));
        Bundle dense = Bundle.open(Path.of(args[1]));
        Path folder = Path.of(args[2]);
        int tokens = Integer.parseInt(args[3]);
        int rounds = Integer.parseInt(args[4]);
        boolean spin = args[5].equals("spin");
        ModelInfo model = dense.info().model();
        Results.header("Prefill of %d tokens: hidden %d, %d layers, vocabulary %d".formatted(tokens, model.hidden(), model.layers(), model.vocab()));
        Graph.start(spin);
        System.out.println(Results.onnxRuntime() + ", " + rounds + " rounds in turns, idle threads " + (spin ? "spin" : "do not spin") + "\n");
        var random = new SplittableRandom(0);
        int[] prompt = random.ints(tokens, 0, model.vocab()).toArray();

        Map<String, List<Turn>> turns = new LinkedHashMap<>();
        int[][] kept = new int[1][];
        try (OrtEngine modEngine = OrtEngine.open(mod, OrtOptions.DEFAULT); OrtEngine denseEngine = OrtEngine.open(dense, OrtOptions.DEFAULT);
                Graph outside = new Graph(HandBuilt.write(dense, folder.resolve("hand-outside.onnx"), false), model, tokens, Optional.empty());
                Graph inside = new Graph(HandBuilt.write(dense, folder.resolve("hand-inside.onnx"), true), model, tokens, Optional.empty())) {
            Map<String, Runnable> contenders = new LinkedHashMap<>();
            contenders.put("MoD", () -> kept[0] = prefill(modEngine, prompt));
            contenders.put("dense", () -> prefill(denseEngine, prompt));
            contenders.put("by hand", () -> outside.prefill(prompt, 0, 0));
            contenders.put("by hand, rotary in attention", () -> inside.prefill(prompt, 0, 0));
            for (int round = -1; round < rounds; round++) {
                var order = new ArrayList<>(contenders.keySet());
                Collections.rotate(order, round);
                for (String name : order) {
                    Turn t = time(contenders.get(name));
                    if (round >= 0) {
                        turns.computeIfAbsent(name, n -> new ArrayList<>()).add(t);
                    }
                }
            }
            print(contenders.keySet(), turns, model, kept[0], tokens);
            asRun(mod, dense, tokens, kept[0]);
        }
    }

    private static void print(Iterable<String> names, Map<String, List<Turn>> turns, ModelInfo model, int[] kept, int tokens) {
        var times = new Results().row("prefill", "s, median (quartiles)", "processor s");
        for (String name : names) {
            times.row(name, Measured.of(wall(turns, name)).text(1, 3), Measured.of(processor(turns, name)).text(1, 3));
        }
        times.print();
        double linear = (layerFlops(model) * Arrays.stream(kept).sum() + headFlops(model))
                / (layerFlops(model) * tokens * model.layers() + headFlops(model));
        double pairs = Arrays.stream(kept).mapToDouble(n -> n * (n + 1.0) / 2).sum();
        double all = (layerFlops(model) * Arrays.stream(kept).sum() + headFlops(model) + pairFlops(model) * pairs)
                / (layerFlops(model) * tokens * model.layers() + headFlops(model) + pairFlops(model) * model.layers() * tokens * (tokens + 1.0) / 2);
        var ratios = new Results().row("ratio", "time, median (quartiles)", "processor time");
        for (String[] pair : new String[][] {{"MoD", "dense"}, {"dense", "by hand"}, {"dense", "by hand, rotary in attention"}}) {
            ratios.row(pair[0] + " / " + pair[1], Measured.ratio(wall(turns, pair[0]), wall(turns, pair[1])).text(1, 3),
                    Measured.ratio(processor(turns, pair[0]), processor(turns, pair[1])).text(1, 3));
        }
        ratios.row("FLOPs MoD / dense of all layers in full, linear layers and head", String.format(Locale.ROOT, "%.3f", linear), "");
        ratios.row("FLOPs MoD / dense of all layers in full, with attention scores", String.format(Locale.ROOT, "%.3f", all), "");
        ratios.print();
    }

    /** The FLOPs that are really spent: the last layer computes all but its keys and values for the last token alone. */
    private static void asRun(Bundle mod, Bundle dense, int tokens, int[] kept) throws IOException {
        var routed = PromptFlops.of(BuiltinPasses.lowered(RoutedModel.of(mod)), tokens, tokens - 2, kept);
        var full = PromptFlops.dense(BuiltinPasses.lowered(RoutedModel.of(dense)), tokens);
        var ratios = new Results().row("FLOPs as run", "MoD", "dense", "ratio");
        ratios.row("linear layers and head", giga(routed.linear()), giga(full.linear()), String.format(Locale.ROOT, "%.3f", routed.linear() / full.linear()));
        ratios.row("with attention scores", giga(routed.total()), giga(full.total()), String.format(Locale.ROOT, "%.3f", routed.total() / full.total()));
        ratios.print();
    }

    private static String giga(double flops) {
        return String.format(Locale.ROOT, "%.1f GFLOPs", flops / 1e9);
    }

    private static int[] prefill(OrtEngine engine, int[] prompt) {
        try (Slot slot = engine.open()) {
            slot.prefill(PromptInput.of(prompt));
            return slot.cacheLengths();
        }
    }

    private static Turn time(Runnable turn) {
        var os = ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
        long processor = os.getProcessCpuTime();
        long start = System.nanoTime();
        turn.run();
        return new Turn((System.nanoTime() - start) / 1e9, (os.getProcessCpuTime() - processor) / 1e9);
    }

    private static List<Double> wall(Map<String, List<Turn>> turns, String name) {
        return turns.get(name).stream().map(Turn::wall).toList();
    }

    private static List<Double> processor(Map<String, List<Turn>> turns, String name) {
        return turns.get(name).stream().map(Turn::processor).toList();
    }

    /** Of one layer for one token. */
    private static double layerFlops(ModelInfo m) {
        double q = (double) m.heads() * m.headDim();
        double kv = (double) m.kvHeads() * m.headDim();
        return 2.0 * m.hidden() * (2 * q + 2 * kv + 3.0 * m.intermediate());
    }

    /** For one pair of query and key in one layer. */
    private static double pairFlops(ModelInfo m) {
        return 4.0 * m.heads() * m.headDim();
    }

    /** Of the LM head at the last position. */
    private static double headFlops(ModelInfo m) {
        return 2.0 * m.hidden() * m.vocab();
    }
}
