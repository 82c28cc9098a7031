// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionProbs;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.LayerWalk;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.passes.builtin.BuiltinPasses;
import io.github.depthc.testkit.Fuzzer;
import io.github.depthc.testkit.RandomModels;
import io.github.depthc.testkit.ValueCheck;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The scores that routed layers go by, in the lowered graph on ONNX Runtime, against what they are said to be. */
class RouterValueTest {
    private static final int TOKENS = 14;
    private static final int OBSERVERS = 5;
    private static final float TOLERANCE = 1e-5f;
    private static final String ONE_OF_TWO = "select-layers{layers=[1]},schedule{kind=constant, ratio=0.5},convert-to-mod,";

    private final PassRegistry passes = PassRegistry.load();
    private final ValueCheck check = new ValueCheck(passes);

    /** Layers that keep every token are the dense ones, whatever the score. */
    @Test
    void keepingEveryTokenIsDense() {
        String all = "select-layers{rule=all},schedule{kind=constant, ratio=1.0},convert-to-mod,";
        new Fuzzer(passes).dense(all + "route-by-attention{observers=3, recent=0, earlier=1}", all + "route-by-update",
                all + "route-by-update{measure=cosine, recent=2}").run(0, 12);
    }

    /** By the probabilities of the layer before, summed over the observers' rows. */
    @Test
    void attentionIsThatOfTheLayerBefore() {
        Model model = twoLayers();
        Model routed = run(model, ONE_OF_TWO + "route-by-attention{observers=" + OBSERVERS + ", recent=0, earlier=1}", check.context());
        assertArrayEquals(received(model, 0), GivenScores.of(routed, 1, tokens(model), check.context()), TOLERANCE);
    }

    /** The earlier layer's tokens are skipped, and have a score all the same. */
    @Test
    void aRoutedLayerHandsOnTheScoresOfAllTokens() {
        Model model = twoLayers();
        Model routed = run(model, "select-layers{rule=all},schedule{kind=constant, ratio=0.25},convert-to-mod,route-by-attention{observers=" + OBSERVERS
                + ", recent=0, earlier=1}", check.context());
        assertArrayEquals(received(model, 0), GivenScores.of(routed, 1, tokens(model), check.context()), TOLERANCE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"norm", "cosine"})
    void anUpdateIsThatOfTheLayerBefore(String measure) {
        Model model = twoLayers();
        float[] expected = new float[TOKENS];
        walk(model, (layer, sample, before, probed, after) -> {
            for (int t = 0; layer == 0 && t < TOKENS; t++) {
                expected[t] = (float) update(before, after, t, measure.equals("cosine"));
            }
        });
        Model routed = run(model, ONE_OF_TWO + "route-by-update{measure=" + measure + "}", check.context());
        assertArrayEquals(expected, GivenScores.of(routed, 1, tokens(model), check.context()), TOLERANCE);
    }

    /** Of a dense layer nothing is computed twice for the scores it hands on. */
    @Test
    void aDenseLayersQueriesAndKeysAreComputedOnce() {
        Model model = twoLayers();
        Model own = run(model, ONE_OF_TWO + "route-by-recency", check.context());
        Model handedOn = run(model, ONE_OF_TWO + "route-by-attention{recent=0, earlier=1}", check.context());
        assertEquals(BuiltinPasses.lowered(own).graph().nodes().size() + 1, BuiltinPasses.lowered(handedOn).graph().nodes().size());
    }

    /** Queries and keys that the earlier layer has for all tokens anyway cost nothing more, and are never taken for the LM head. */
    @Test
    void whatIsHandedOnCostsWhatIsComputedForIt() {
        Model model = twoLayers();
        var mix = new Cost.Mix(TOKENS - 2, 2);
        String score = "route-by-attention{recent=0, earlier=1}";
        Cost plain = Cost.of(run(model, ONE_OF_TWO + "route-by-recency", check.context()), mix);
        Cost handedOn = Cost.of(run(model, ONE_OF_TWO + score, check.context()), mix);
        assertEquals(plain, handedOn);
        Cost routed = Cost.of(run(model, ONE_OF_TWO.replace("layers=[1]", "rule=all") + score, check.context()), mix);
        assertEquals(plain.headFlops(), routed.headFlops());
        assertEquals(0, routed.extraFlops(), "the first layer goes by its own attention and has queries and keys of all tokens");
    }

    /** Both layers' routers are the solution of the normal equations, of signals taken from probabilities and hidden states one by one. */
    @ParameterizedTest
    @EnumSource(RouteByImportance.Signal.class)
    void routersAreFittedToTheSignal(RouteByImportance.Signal signal) {
        Model model = twoLayers();
        List<long[]> samples = List.of(tokens(model, 14, 3), tokens(model, 20, 5), tokens(model, 3, 1), tokens(model, 17, 11), tokens(model, 25, 2));
        PassContext context = measuring(samples);
        var expected = new ArrayList<NormalEquations>();
        LayerWalk.run(model, context, "test", RouterValueTest::probabilities, (layer, sample, before, probed, after) -> {
            int n = (int) before.shape()[0];
            int d = (int) before.shape()[1];
            if (sample == 0) {
                expected.add(new NormalEquations(d));
            }
            if (n > OBSERVERS + 2) {
                float[] received = received(probed.getFirst());
                int[] which = IntStream.range(1, n - OBSERVERS).toArray();
                double[] y = Arrays.stream(which).mapToDouble(t -> (signal == RouteByImportance.Signal.UPDATE ? 0 : Math.log(received[t]))
                        + (signal == RouteByImportance.Signal.ATTENTION ? 0 : Math.log(d * update(before, after, t, false)) / 2)).toArray();
                expected.get(layer).add(before.floats(), which, y);
            }
        });
        Model routed = run(model, "select-layers{rule=all},schedule{kind=constant, ratio=0.5},convert-to-mod,route-by-importance{ridge=0.3, observers="
                + OBSERVERS + ", signal=" + signal.name().toLowerCase(Locale.ROOT) + "}", context);
        for (int l = 0; l < 2; l++) {
            var weight = (Weight) ((Result) routed.layers().get(l).operand(ModLayer.SCORE)).node().kind();
            double[] w = ((WeightExpr.Inline) weight.expr()).values().stream().mapToDouble(v -> v).toArray();
            assertArrayEquals(expected.get(l).solve(0.3), w, 1e-4);
        }
    }

    @Test
    void aRoutersScoresAreProductsWithItsWeights() {
        Model model = twoLayers();
        PassContext context = measuring(List.of(tokens(model, 40, 3)));
        Model routed = run(model, ONE_OF_TWO + "route-by-importance{observers=" + OBSERVERS + "}", context);
        var weight = (Weight) ((Result) routed.layers().get(1).operand(ModLayer.SCORE)).node().kind();
        List<Double> w = ((WeightExpr.Inline) weight.expr()).values();
        float[] expected = new float[TOKENS];
        walk(model, (layer, sample, before, probed, after) -> {
            float[] x = before.floats();
            for (int i = 0; layer == 1 && i < x.length; i++) {
                expected[i / w.size()] += (float) (w.get(i % w.size()) * x[i]);
            }
        });
        assertArrayEquals(expected, GivenScores.of(routed, 1, tokens(model), check.context()), TOLERANCE);
    }

    /** Attention of a layer's last tokens. */
    private float[] received(Model model, int wanted) {
        var received = new ArrayList<float[]>();
        LayerWalk.run(model, measuring(model), "test", RouterValueTest::probabilities,
                (layer, sample, before, probed, after) -> received.add(received(probed.getFirst())));
        return received.get(wanted);
    }

    /** Of attention that has no window, whatever the layer's own has. */
    private static List<Value> probabilities(Node node, RegionBuilder b) {
        return node.kind() instanceof Attention a
                ? List.of(b.add("probs", new AttentionProbs(a.heads(), a.kvHeads(), a.headDim(), a.scale(), a.softcap(), 0), b.value(node.operand(0)),
                        b.value(node.operand(1)), b.value(node.operand(3))))
                : List.of();
    }

    /** Sums over the observers' rows of probabilities {@code [heads, n, n]}, means over heads. */
    private static float[] received(HostTensor probs) {
        int heads = (int) probs.shape()[0];
        int n = (int) probs.shape()[1];
        float[] p = probs.floats();
        float[] sums = new float[n];
        for (int h = 0; h < heads; h++) {
            for (int q = Math.max(0, n - OBSERVERS); q < n; q++) {
                for (int k = 0; k < n; k++) {
                    sums[k] += p[(h * n + q) * n + k] / heads;
                }
            }
        }
        return sums;
    }

    private static double update(HostTensor before, HostTensor after, int token, boolean cosine) {
        int d = (int) before.shape()[1];
        float[] x = before.floats();
        float[] y = after.floats();
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = token * d; i < (token + 1) * d; i++) {
            xx += (double) x[i] * x[i];
            yy += (double) y[i] * y[i];
            xy += (double) x[i] * y[i];
        }
        return cosine ? 2 - 2 * xy / Math.sqrt(xx * yy) : (xx + yy - 2 * xy) / d;
    }

    private void walk(Model model, LayerWalk.Visitor visitor) {
        LayerWalk.run(model, measuring(model), "test", (node, b) -> List.of(), visitor);
    }

    private PassContext measuring(Model model) {
        return measuring(List.of(tokens(model)));
    }

    private PassContext measuring(List<long[]> samples) {
        return PassContext.builder().executor(check.context().executor()).calibration(() -> samples.stream().map(Sample::of).toList()).build();
    }

    private static long[] tokens(Model model) {
        return tokens(model, TOKENS, 3);
    }

    private static long[] tokens(Model model, int count, int seed) {
        return new Random(seed).longs(count, 0, model.info().vocab()).toArray();
    }

    private static Model twoLayers() {
        return LongStream.iterate(0, s -> s + 1).mapToObj(s -> RandomModels.dense(s).model())
                .filter(m -> m.info().layers() == 2 && m.layers().stream().map(Node::region).allMatch(r -> r.nodes().stream()
                        .anyMatch(n -> n.kind() instanceof Attention a && a.causal()))).findFirst().orElseThrow();
    }

    private Model run(Model model, String pipeline, PassContext context) {
        return Pipeline.parse(pipeline, passes).run(model, context, Pipeline.Listener.NONE);
    }
}
