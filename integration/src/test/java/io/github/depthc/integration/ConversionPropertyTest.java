// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.KeptTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Sampler;
import io.github.depthc.backend.runtime.SamplingOptions;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.mod.Routing.Candidates;
import io.github.depthc.ir.mod.Routing.DecodeRule;
import io.github.depthc.ir.mod.Routing.Gate;
import io.github.depthc.ir.mod.Routing.Placement;
import io.github.depthc.ir.mod.Routing.Positions;
import io.github.depthc.ir.mod.Routing.Score;
import io.github.depthc.ir.mod.Routing.Selection;
import io.github.depthc.ir.mod.Routing.SkipPath;
import io.github.depthc.ir.mod.Routing.SkippedKv;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every conversion, on the real checkpoint. */
class ConversionPropertyTest {
    private static final int VOCAB = 512;

    @TempDir
    Path temp;

    /** Every routing whose gate is exactly one (all-zero routers) and which keeps every token. */
    static Stream<Routing> keepingEverything() {
        var all = new ArrayList<Routing>();
        for (SkippedKv kv : SkippedKv.values()) {
            all.add(routing(new Score.None(), new Gate.One(), Placement.MLP, new Selection.EvenlySpaced(1), kv));
            all.add(routing(new Score.None(), new Gate.One(), Placement.MLP, new Selection.Random(1, 3), kv));
            all.add(routing(new Score.AttentionReceived(8), new Gate.One(), Placement.MLP, new Selection.TopK(1), kv));
            for (Placement placement : Placement.values()) {
                all.add(routing(new Score.Linear(true), new Gate.Tanh(0.2, 1), placement, new Selection.TopK(1), kv));
                all.add(routing(new Score.Linear(false), new Gate.Sigmoid(1, 0.5), placement, new Selection.TopK(1), kv));
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("keepingEverything")
    void keepingEveryTokenIsTheDenseModel(Routing routing) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            Model dense = Importer.load(checkpoint);
            Model routed = routed(dense, routing);
            // Kept keys and values need the standard attention operator: then the dense model is computed with that too.
            boolean standard = routing.kv() == SkippedKv.KEEP;
            try (Engine a = Bundles.engine(Bundles.write(dense, temp.resolve("dense"), standard));
                    Engine b = Bundles.engine(Bundles.write(routed, temp.resolve("routed"), standard));
                    Slot slotA = a.open();
                    Slot slotB = b.open()) {
                var sampler = new Sampler(SamplingOptions.GREEDY);
                PromptInput prompt = PromptInput.of(prompt(new Random(5), 40));
                StepOutput outA = slotA.prefill(prompt);
                StepOutput outB = slotB.prefill(prompt);
                for (int t = 0; t < 40; t++) {
                    Compare.row("token " + t, outA.row(0), 0, outB, 0, 1e-5);
                    int next = sampler.next(outA, 0);
                    assertEquals(next, sampler.next(outB, 0), "token " + t);
                    outA = a.step(List.of(slotA), new int[] {next});
                    outB = b.step(List.of(slotB), new int[] {next});
                }
            }
        }
    }

    /** Prompts of random lengths, in random order, in one batch: the same bits as alone, in the prompt and in decode. */
    @ParameterizedTest
    @ValueSource(strings = {"", "schedule,convert-to-mod", "schedule,convert-to-mod{kv=keep}"})
    void aRowIsBitEqualAloneAndInABatch(String pipeline) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            Model model = Bundles.run(Importer.load(checkpoint), pipeline);
            try (Engine engine = Bundles.engine(Bundles.write(model, temp.resolve("bundle"), false))) {
                var random = new Random(11);
                for (int round = 0; round < 4; round++) {
                    List<int[]> prompts = Stream.generate(() -> prompt(random, 1 + random.nextInt(90))).limit(5).toList();
                    List<List<float[]>> alone = prompts.stream().map(p -> run(engine, List.of(p)).getFirst()).toList();
                    var order = new ArrayList<>(List.of(0, 1, 2, 3, 4));
                    Collections.shuffle(order, random);
                    List<List<float[]>> together = run(engine, order.stream().map(prompts::get).toList());
                    for (int i = 0; i < order.size(); i++) {
                        for (int t = 0; t < 4; t++) {
                            assertArrayEquals(alone.get(order.get(i)).get(t), together.get(i).get(t), "round " + round + ", row " + i + ", output " + t
                                            + ", lengths " + order.stream().map(o -> prompts.get(o).length).toList());
                        }
                    }
                }
            }
        }
    }

    @Test
    void cacheLengthsAreThePlans() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            for (String kv : List.of("drop", "keep")) {
                Model model = Bundles.run(Importer.load(checkpoint), "schedule,convert-to-mod{kv=" + kv + "}");
                Bundle bundle = Bundles.write(model, temp.resolve(kv), false);
                try (Engine engine = Bundles.engine(bundle)) {
                    for (int n : new int[] {1, 2, 3, 7, 64, 201}) {
                        lengths(engine, bundle, n, CandidateTokens.DEFAULT, Math.max(0, n - 2));
                        lengths(engine, bundle, n, CandidateTokens.NONE, 0);
                        lengths(engine, bundle, n, CandidateTokens.range(0, n), n);
                    }
                }
            }
        }
    }

    private static void lengths(Engine engine, Bundle bundle, int n, CandidateTokens candidates, int count) {
        try (Slot slot = engine.open()) {
            slot.prefill(PromptInput.of(prompt(new Random(n), n)).withCandidates(candidates));
            List<LayerPlan> plans = bundle.info().layers();
            int[] expected = plans.stream().mapToInt(p -> KeptTokens.predictCached(p, n, count).getAsInt()).toArray();
            assertArrayEquals(expected, slot.cacheLengths(), n + " tokens, " + count + " candidates");
            engine.step(List.of(slot), new int[] {7});
            assertArrayEquals(java.util.Arrays.stream(expected).map(l -> l + 1).toArray(), slot.cacheLengths(), "after a step");
        }
    }

    /** For each prompt its last logits and those of three decode steps. */
    private static List<List<float[]>> run(Engine engine, List<int[]> prompts) {
        List<Slot> slots = prompts.stream().map(p -> engine.open()).toList();
        var rows = new ArrayList<List<float[]>>();
        prompts.forEach(p -> rows.add(new ArrayList<>()));
        collect(rows, engine.prefill(slots, prompts.stream().map(PromptInput::of).toList()));
        for (int t = 0; t < 3; t++) {
            int token = 20 + t;
            collect(rows, engine.step(slots, prompts.stream().mapToInt(p -> token + p.length).toArray()));
        }
        slots.forEach(Slot::close);
        return rows;
    }

    private static void collect(List<List<float[]>> rows, StepOutput out) {
        for (int r = 0; r < rows.size(); r++) {
            rows.get(r).add(out.row(r));
        }
    }

    private static int[] prompt(Random random, int n) {
        int[] ids = random.ints(n, 3, VOCAB).toArray();
        ids[0] = 1;
        return ids;
    }

    private static Routing routing(Score score, Gate gate, Placement placement, Selection selection, SkippedKv kv) {
        return new Routing(score, gate, placement, selection, Candidates.PROMPT, kv, Positions.ORIGINAL, new SkipPath.Identity(), DecodeRule.DENSE);
    }

    /** Every layer routed, with all-zero router weights. */
    private static Model routed(Model dense, Routing routing) {
        var b = new RegionBuilder();
        b.copyParams(dense.graph());
        for (Node node : dense.graph().nodes()) {
            if (node.kind() instanceof Layer l) {
                var operands = new ArrayList<Value>(b.values(node.operands()));
                operands.add(b.value(dense.graph().param(GraphNames.CANDIDATES)));
                if (routing.score() instanceof Score.Linear(boolean bias)) {
                    operands.add(zeros(b, 1, dense.info().hidden()));
                    if (bias) {
                        operands.add(zeros(b, 1));
                    }
                }
                b.copy(node, new ModLayer(l.index(), routing), operands, node.regions());
            } else {
                b.copy(node);
            }
        }
        return dense.withGraph(b.build(b.values(dense.graph().yields())));
    }

    private static Value zeros(RegionBuilder b, long... shape) {
        long n = 1;
        for (long d : shape) {
            n *= d;
        }
        return b.add("zeros", new Weight(new WeightExpr.Inline(TensorType.fixed(DType.F32, shape), Collections.nCopies((int) n, 0.0))));
    }
}
