// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.ir.ModelInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Prefill and decode steps of one model converted with and without {@code hoist-gather}, in turns in one process. Arguments:
 * the bundle with it, the one without, prompt tokens, rounds, decode steps.
 */
public final class LastLayerBench {
    /** Steps before the measured ones, in which the JVM compiles. */
    private static final int WARM = 20;
    private static final List<String> NAMES = List.of("with", "without");

    private LastLayerBench() {
    }

    /** Runs the benchmark. */
    public static void main(String[] args) throws IOException {
        int tokens = Integer.parseInt(args[2]);
        int rounds = Integer.parseInt(args[3]);
        int steps = Integer.parseInt(args[4]);
        try (OrtEngine with = OrtEngine.open(Bundle.open(Path.of(args[0])), OrtOptions.DEFAULT);
                OrtEngine without = OrtEngine.open(Bundle.open(Path.of(args[1])), OrtOptions.DEFAULT)) {
            ModelInfo model = with.info().model();
            Results.header("Last layer for the last token: hidden %d, %d layers, vocabulary %d, prompt of %d tokens".formatted(model.hidden(),
                    model.layers(), model.vocab(), tokens));
            System.out.println(Results.onnxRuntime() + ", " + rounds + " prefills and " + steps + " decode steps in turns\n");
            int[] prompt = new SplittableRandom(0).ints(tokens, 0, model.vocab()).toArray();
            List<OrtEngine> engines = List.of(with, without);
            List<List<Double>> prefills = List.of(new ArrayList<>(), new ArrayList<>());
            for (int round = -1; round < rounds; round++) {
                for (int i = 0; i < 2; i++) {
                    int which = (i + round + 2) % 2;
                    try (Slot slot = engines.get(which).open()) {
                        double seconds = time(() -> slot.prefill(PromptInput.of(prompt)));
                        if (round >= 0) {
                            prefills.get(which).add(seconds);
                        }
                    }
                }
            }
            print("prefill", prefills);
            List<List<Double>> decoded = List.of(new ArrayList<>(), new ArrayList<>());
            try (Slot first = with.open(); Slot second = without.open()) {
                List<Slot> slots = List.of(first, second);
                slots.forEach(s -> s.prefill(PromptInput.of(prompt)));
                for (int step = -WARM; step < steps; step++) {
                    int[] token = {prompt[(step + WARM) % tokens]};
                    for (int i = 0; i < 2; i++) {
                        int which = (i + step + WARM) % 2;
                        double seconds = time(() -> engines.get(which).step(List.of(slots.get(which)), token));
                        if (step >= 0) {
                            decoded.get(which).add(seconds);
                        }
                    }
                }
            }
            print("decode step", decoded);
        }
    }

    private static double time(Runnable turn) {
        long start = System.nanoTime();
        turn.run();
        return (System.nanoTime() - start) / 1e9;
    }

    private static void print(String what, List<List<Double>> taken) {
        var table = new Results().row(what, "ms, median (quartiles)");
        for (int i = 0; i < 2; i++) {
            table.row(NAMES.get(i), Measured.of(taken.get(i)).text(1e3, 2));
        }
        table.row("with / without", Measured.ratio(taken.get(0), taken.get(1)).text(1, 3));
        table.print();
    }
}
