// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.backend.kernels.Precision;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.tensorrt.BuildEstimate;
import io.github.depthc.backend.tensorrt.Gpu;
import io.github.depthc.backend.tensorrt.GpuBench;
import io.github.depthc.backend.tensorrt.GpuSupport;
import io.github.depthc.backend.tensorrt.RoutingTimes;
import io.github.depthc.cli.plan.PromptFlops;
import io.github.depthc.cli.plan.RoutedModel;
import io.github.depthc.cli.run.DeviceKind;
import io.github.depthc.integration.bench.Measured;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Prefill and decode of the 7B shape, routed and dense in turns, and the routing steps by themselves. */
final class TimingStage {
    private static final int ROUNDS = 15;
    private static final int STEPS = 16;
    private static final long BEYOND_CACHES = 512L << 20;
    private static final int TEXT_BEFORE = 35;
    private static final double RATIO = 0.5;

    /** A prompt: tokens in all, and of an image, or the parts of one. */
    record Shape(int tokens, int vision) {
        static final List<Shape> ALL = List.of(new Shape(634, 576), new Shape(2988, 2928));

        int[] ids(Engine engine) {
            return new SplittableRandom(0).ints(tokens, 0, engine.info().model().vocab()).toArray();
        }

        PromptInput prompt(Engine engine) {
            return PromptInput.of(ids(engine)).withCandidates(CandidateTokens.range(TEXT_BEFORE, TEXT_BEFORE + vision));
        }
    }

    private TimingStage() {
    }

    /**
     * One round.
     *
     * @param prefill seconds
     * @param steps   seconds of each
     * @param kept    entries of each layer's cache after the prompt
     * @param after   the same after the steps
     * @param kvBytes that a step reads, on average
     */
    record Round(double prefill, List<Double> steps, int[] kept, int[] after, double kvBytes) {
        static List<Double> steps(List<Round> rounds) {
            return rounds.stream().flatMap(r -> r.steps().stream()).toList();
        }
    }

    /** Rounds of two in turns, after two that do not count. */
    record Turns(List<Round> one, List<Round> other) {
        static Turns of(Engine one, PromptInput promptOfOne, Engine other, PromptInput promptOfOther) {
            var turns = new Turns(new ArrayList<>(), new ArrayList<>());
            for (int round = -2; round < ROUNDS; round++) {
                boolean first = round % 2 == 0;
                Round a = round(first ? one : other, first ? promptOfOne : promptOfOther);
                Round b = round(first ? other : one, first ? promptOfOther : promptOfOne);
                if (round >= 0) {
                    turns.one.add(first ? a : b);
                    turns.other.add(first ? b : a);
                }
            }
            return turns;
        }
    }

    static void run(Setting setting, Findings findings) throws IOException {
        routing(setting, findings);
        for (boolean routed : new boolean[] {true, false}) {
            if (!Files.isDirectory(setting.shape(routed))) {
                throw new InputException(setting.shape(routed) + " does not exist; run the stage prepare first, with the same --work and --layers");
            }
        }
        findings.put("layers", setting.layers());
        Bundle routedBundle = Bundle.open(setting.shape(true));
        Bundle denseBundle = Bundle.open(setting.shape(false));
        try (Engine routed = Depthc.open(routedBundle, DeviceKind.CUDA); Engine dense = Depthc.open(denseBundle, DeviceKind.CUDA)) {
            for (Shape shape : Shape.ALL) {
                prefill(findings, shape, routedBundle, denseBundle, routed, dense);
            }
        }
    }

    private static void routing(Setting setting, Findings findings) throws IOException {
        Gpu gpu = GpuSupport.gpus().getFirst();
        try (GpuBench bench = GpuBench.open(gpu, Precision.BF16, setting.work().resolve("kernels"))) {
            for (Shape shape : Shape.ALL) {
                for (RoutingTimes.Step step : bench.routing(Precision.BF16, shape.tokens(), shape.vision(), RATIO, PrepareStage.WIDTH, BEYOND_CACHES, ROUNDS)) {
                    timed(findings, shape, step);
                }
                for (int bits : new int[] {8, 4}) {
                    timed(findings, shape, bench.embedding(Precision.BF16, shape.tokens(), bits, EngineStage.BLOCK, PrepareStage.WIDTH, BEYOND_CACHES, ROUNDS));
                }
            }
        }
    }

    private static void timed(Findings findings, Shape shape, RoutingTimes.Step step) throws IOException {
        findings.timed("routing." + shape.tokens() + "." + step.name().replace(' ', '_'), step.seconds(), step.floorBytes());
    }

    private static void prefill(Findings findings, Shape shape, Bundle routedBundle, Bundle denseBundle, Engine routed, Engine dense) throws IOException {
        PromptInput prompt = shape.prompt(routed);
        Turns turns = Turns.of(routed, prompt, dense, PromptInput.of(shape.ids(dense)));
        List<Round> ofRouted = turns.one();
        List<Round> ofDense = turns.other();
        String key = "prefill." + shape.tokens() + ".";
        List<Double> routedSeconds = ofRouted.stream().map(Round::prefill).toList();
        List<Double> denseSeconds = ofDense.stream().map(Round::prefill).toList();
        findings.measured(key + "routed_seconds", routedSeconds);
        findings.measured(key + "dense_seconds", denseSeconds);
        findings.put(key + "time_ratio", Measured.ratio(routedSeconds, denseSeconds));
        int[] kept = ofRouted.getFirst().kept();
        findings.put(key + "kept", kept);
        PromptFlops routedFlops = PromptFlops.of(PromptFlops.counted(routed, RoutedModel.of(routedBundle)), shape.tokens(), shape.vision(), kept);
        PromptFlops denseFlops = PromptFlops.dense(PromptFlops.counted(dense, RoutedModel.of(denseBundle)), shape.tokens());
        findings.put(key + "flops_ratio", routedFlops.total() / denseFlops.total());
        findings.put(key + "routed_flops", routedFlops.total());
        findings.put(key + "dense_flops", denseFlops.total());
        findings.put(key + "kv", KvBytes.of((PlanEngine) routed, prompt));
        decode(findings, "decode." + shape.tokens() + ".routed", routedBundle, ofRouted);
        decode(findings, "decode." + shape.tokens() + ".dense", denseBundle, ofDense);
    }

    /** Decode steps, and the bytes that one cannot do without: all weights of the segments, keys and values. */
    static void decode(Findings findings, String key, Bundle bundle, List<Round> rounds) throws IOException {
        findings.measured(key + "_seconds", Round.steps(rounds));
        try (BundlePlan files = BundlePlan.open(bundle)) {
            findings.put(key + "_bytes", BuildEstimate.of(PlanFiles.of(files)).diskBytes() + rounds.getFirst().kvBytes());
        }
    }

    /** A prompt in a new slot, whose caches are allocated within the time, and decode steps, of which the first, which is recorded, is left out. */
    private static Round round(Engine engine, PromptInput prompt) {
        try (Slot slot = engine.open()) {
            long start = System.nanoTime();
            slot.prefill(prompt);
            double prefill = (System.nanoTime() - start) / 1e9;
            int[] kept = slot.cacheLengths();
            long before = slot.kvBytesUsed();
            double[] steps = new double[STEPS + 1];
            for (int i = 0; i < steps.length; i++) {
                start = System.nanoTime();
                engine.step(List.of(slot), new int[] {i});
                steps[i] = (System.nanoTime() - start) / 1e9;
            }
            return new Round(prefill, Arrays.stream(steps).skip(1).boxed().toList(), kept, slot.cacheLengths(), (before + slot.kvBytesUsed()) / 2.0);
        }
    }
}
