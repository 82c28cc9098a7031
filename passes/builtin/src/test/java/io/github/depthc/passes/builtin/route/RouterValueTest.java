// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionProbs;
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
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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

    /** Attention of a layer's last tokens, from its probabilities, whatever window its own attention has. */
    private float[] received(Model model, int wanted) {
        float[] sums = new float[TOKENS];
        LayerWalk.run(model, measuring(model), "test", (node, b) -> node.kind() instanceof Attention a
                ? List.of(b.add("probs", new AttentionProbs(a.heads(), a.kvHeads(), a.headDim(), a.scale(), a.softcap(), 0), b.value(node.operand(0)),
                        b.value(node.operand(1)), b.value(node.operand(3))))
                : List.of(), (layer, sample, before, probed, after) -> {
                    if (layer == wanted) {
                        HostTensor probs = probed.getFirst();
                        int heads = (int) probs.shape()[0];
                        float[] p = probs.floats();
                        for (int h = 0; h < heads; h++) {
                            for (int q = TOKENS - OBSERVERS; q < TOKENS; q++) {
                                for (int k = 0; k < TOKENS; k++) {
                                    sums[k] += p[(h * TOKENS + q) * TOKENS + k] / heads;
                                }
                            }
                        }
                    }
                });
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
        return PassContext.builder().executor(check.context().executor()).calibration(() -> List.of(Sample.of(tokens(model)))).build();
    }

    private static long[] tokens(Model model) {
        return LongStream.range(0, TOKENS).map(t -> (t * 7 + 3) % model.info().vocab()).toArray();
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
