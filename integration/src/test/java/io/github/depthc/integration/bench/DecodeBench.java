// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.ir.ModelInfo;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/**
 * Decode steps after a prompt, step by step in turns: the MoD bundle and the dense one by depthc's engine, the dense
 * bundle's graph without it, and {@link HandBuilt} on the same weights. Arguments: MoD bundle, dense bundle, folder above
 * both to write graphs to, prompt tokens, steps, {@code spin} or {@code nospin}.
 */
public final class DecodeBench {
    /** Steps before the measured ones, in which the JVM compiles. */
    private static final int WARM = 20;

    private DecodeBench() {
    }

    /** What one contender took: seconds, seconds of processor time and bytes allocated on the heap, step by step. */
    private record Steps(List<Double> wall, List<Double> processor, List<Double> bytes) {
        Steps() {
            this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        }
    }

    /** Runs the benchmark. */
    public static void main(String[] args) throws IOException {
        Bundle mod = Bundle.open(Path.of(args[0]));
        Bundle dense = Bundle.open(Path.of(args[1]));
        Path folder = Path.of(args[2]);
        int tokens = Integer.parseInt(args[3]);
        int steps = Integer.parseInt(args[4]);
        boolean spin = args[5].equals("spin");
        ModelInfo model = dense.info().model();
        Results.header("Decode after %d tokens: %s, hidden %d, %d layers, vocabulary %d".formatted(tokens, model.name(), model.hidden(), model.layers(),
                model.vocab()));
        Graph.start(spin);
        System.out.println(Results.onnxRuntime() + ", " + steps + " steps in turns, idle threads " + (spin ? "spin" : "do not spin") + "\n");
        int[] prompt = new SplittableRandom(0).ints(tokens, 0, model.vocab()).toArray();
        int capacity = tokens + steps + WARM + 1;
        try (OrtEngine modEngine = OrtEngine.open(mod, OrtOptions.DEFAULT); OrtEngine denseEngine = OrtEngine.open(dense, OrtOptions.DEFAULT);
                Slot modSlot = modEngine.open(); Slot denseSlot = denseEngine.open();
                Graph graph = new Graph(dense.file(dense.component(Bundle.DECODER).file()), model, capacity, Optional.empty());
                Graph hand = new Graph(HandBuilt.write(dense, folder.resolve("hand.onnx"), model.headDim() % 16 == 0), model, capacity, Optional.empty())) {
            modSlot.prefill(PromptInput.of(prompt));
            denseSlot.prefill(PromptInput.of(prompt));
            graph.prefill(prompt, 0, 0);
            hand.prefill(prompt, 0, 0);
            Map<String, IntConsumer> contenders = new LinkedHashMap<>();
            contenders.put("MoD, engine", p -> modEngine.step(List.of(modSlot), new int[] {p % model.vocab()}));
            contenders.put("dense, engine", p -> denseEngine.step(List.of(denseSlot), new int[] {p % model.vocab()}));
            contenders.put("dense, graph alone", p -> graph.step(p % model.vocab(), p));
            contenders.put("by hand", p -> hand.step(p % model.vocab(), p));
            Map<String, Steps> taken = new LinkedHashMap<>();
            for (int step = -WARM; step < steps; step++) {
                int position = tokens + WARM + step;
                var order = new ArrayList<>(contenders.keySet());
                java.util.Collections.rotate(order, step);
                for (String name : order) {
                    measure(contenders.get(name), position, step < 0 ? new Steps() : taken.computeIfAbsent(name, n -> new Steps()));
                }
            }
            print(contenders.keySet(), taken);
        }
    }

    private static void measure(IntConsumer step, int position, Steps taken) {
        var os = ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
        var threads = ManagementFactory.getPlatformMXBean(com.sun.management.ThreadMXBean.class);
        long bytes = threads.getCurrentThreadAllocatedBytes();
        long processor = os.getProcessCpuTime();
        long start = System.nanoTime();
        step.accept(position);
        taken.wall().add((System.nanoTime() - start) / 1e9);
        taken.processor().add((os.getProcessCpuTime() - processor) / 1e9);
        taken.bytes().add((double) threads.getCurrentThreadAllocatedBytes() - bytes);
    }

    private static void print(Iterable<String> names, Map<String, Steps> taken) {
        var table = new Results().row("step", "ms, median (quartiles)", "least ms", "mean processor ms", "heap bytes, median");
        for (String name : names) {
            Steps s = taken.get(name);
            table.row(name, Measured.of(s.wall()).text(1e3, 3),
                    String.format(Locale.ROOT, "%.3f", s.wall().stream().mapToDouble(w -> w).min().orElseThrow() * 1e3),
                    String.format(Locale.ROOT, "%.3f", s.processor().stream().mapToDouble(p -> p).average().orElseThrow() * 1e3),
                    String.format(Locale.ROOT, "%.0f", Measured.of(s.bytes()).median()));
        }
        table.print();
        var ratios = new Results().row("ratio", "time, median (quartiles)");
        for (String[] pair : new String[][] {{"MoD, engine", "dense, engine"}, {"dense, engine", "dense, graph alone"}, {"dense, graph alone", "by hand"},
            {"dense, engine", "by hand"}}) {
            ratios.row(pair[0] + " / " + pair[1], Measured.ratio(taken.get(pair[0]).wall(), taken.get(pair[1]).wall()).text(1, 3));
        }
        ratios.print();
    }
}
