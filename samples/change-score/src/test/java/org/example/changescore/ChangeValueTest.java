// SPDX-License-Identifier: Apache-2.0
package org.example.changescore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.LayerWalk;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.testkit.Fuzzer;
import io.github.depthc.testkit.KeptSets;
import io.github.depthc.testkit.RandomModel;
import io.github.depthc.testkit.RandomModels;
import io.github.depthc.testkit.Script;
import io.github.depthc.testkit.ValueCheck;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Runs random models on ONNX Runtime. */
class ChangeValueTest {
    private static final int TOKENS = 14;
    private static final int CANDIDATES = 12;

    private final PassRegistry passes = PassRegistry.load();
    private final ValueCheck check = new ValueCheck(passes);

    /** Layers that keep every token are the dense ones, whatever the score. */
    @Test
    void keepingEveryTokenIsDense() {
        new Fuzzer(passes).dense("select-layers{rule=all},schedule{kind=constant, ratio=1.0},route-by-change").run(0, 20);
    }

    /** The tokens that the second layer keeps are those whose direction the first one changed most, by the hidden states themselves. */
    @Test
    void theTokensThatChangedMostAreKept() {
        Model model = twoLayers().model();
        long[] tokens = LongStream.range(0, TOKENS).map(t -> t % model.info().vocab()).toArray();
        double[] change = change(model, tokens);
        List<Integer> order = IntStream.rangeClosed(1, CANDIDATES).boxed().sorted(Comparator.comparingDouble(t -> -change[t])).toList();
        int k = CANDIDATES / 2;
        assertTrue(change[order.get(k - 1)] - change[order.get(k)] > 1e-4, "too near to decide; choose another seed");
        long[] expected = LongStream.concat(LongStream.of(0, TOKENS - 1), order.subList(0, k).stream().mapToLong(t -> t)).sorted().toArray();

        Model flat = run(model, "select-layers{layers=[1]},schedule{kind=constant, ratio=0.5},route-by-change,lower-mod", check.context());
        try (KeptSets sets = KeptSets.of(flat, check.context().executor())) {
            var prompt = Script.Prompt.of(LongStream.of(tokens).mapToInt(t -> (int) t).toArray(), 1, TOKENS - 1);
            assertArrayEquals(expected, sets.kept(List.of(prompt)).get(1));
        }
    }

    /** Of two layers only the second can be selected; what is said of each is what was measured. */
    @Test
    void theLayersAreMeasured() {
        Model model = twoLayers().model();
        long[] tokens = LongStream.range(0, TOKENS).map(t -> t % model.info().vocab()).toArray();
        var remarks = new ArrayList<String>();
        Model marked = run(model, "select-by-change{count=1}", measuring(tokens).remarks(d -> remarks.add(d.toString())).build());
        assertEquals(1, run(marked, "route-by-change", check.context()).routings().size());
        double mean = DoubleStream.of(change(model, tokens)).average().orElseThrow() / 2;
        assertEquals(String.format(Locale.ROOT, "layer 0: remark: changes tokens by %.4f", mean), remarks.getFirst());
        assertEquals(2, remarks.size());
    }

    /** What a probe adds to a layer's body is computed with it: here the squares of what the attention gives. */
    @Test
    void aProbeMayAddNodes() {
        Model model = twoLayers().model();
        PassContext context = PassContext.builder().executor(check.context().executor()).calibration(() -> List.of(Sample.of(1, 2, 3, 1))).build();
        LayerWalk.Probe squares = (node, b) -> {
            if (!(node.kind() instanceof Attention)) {
                return List.of();
            }
            Value attended = b.value(node.result(0));
            return List.of(attended, b.add("squares", new Binary.Mul(), attended, attended));
        };
        LayerWalk.run(model, context, "squares", squares, (layer, sample, before, probed, after) -> {
            float[] attended = probed.get(0).floats();
            float[] squared = probed.get(1).floats();
            assertEquals(4, probed.get(1).shape()[0], "a row for each token");
            for (int i = 0; i < attended.length; i++) {
                assertEquals(attended[i] * attended[i], squared[i], 1e-6f);
            }
        });
    }

    /** The cost of the op is that of its lowering: one linear layer to one number for each token. */
    @Test
    void theScoreIsInTheCost() {
        Model model = twoLayers().model();
        var mix = new Cost.Mix(CANDIDATES, TOKENS - CANDIDATES);
        String plan = "select-layers{layers=[1]},schedule{kind=constant, ratio=0.5},";
        double by = Cost.of(run(model, plan + "route-by-change", check.context()), mix).flops()
                - Cost.of(run(model, plan + "convert-to-mod", check.context()), mix).flops();
        assertEquals(2.0 * TOKENS * model.info().hidden(), by);
    }

    /** 2 − 2 · cos of what goes into the first layer and what comes out. */
    private double[] change(Model model, long[] tokens) {
        double[] change = new double[tokens.length];
        LayerWalk.run(model, measuring(tokens).build(), "test", (node, b) -> List.of(), (layer, sample, before, probed, after) -> {
            for (int t = 0; layer == 0 && t < change.length; t++) {
                change[t] = 2 - 2 * cosine(before, after, t);
            }
        });
        return change;
    }

    private static double cosine(HostTensor a, HostTensor b, int token) {
        int d = (int) a.shape()[1];
        float[] x = a.floats();
        float[] y = b.floats();
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = token * d; i < (token + 1) * d; i++) {
            xx += x[i] * x[i];
            yy += y[i] * y[i];
            xy += x[i] * y[i];
        }
        return xy / Math.sqrt(xx * yy);
    }

    /** A context with an executor and one calibration sample. */
    private PassContext.Builder measuring(long[] tokens) {
        return PassContext.builder().executor(check.context().executor()).calibration(() -> List.of(Sample.of(tokens)));
    }

    private static RandomModel twoLayers() {
        return LongStream.iterate(0, s -> s + 1).mapToObj(RandomModels::dense).filter(r -> r.model().info().layers() == 2).findFirst().orElseThrow();
    }

    private Model run(Model model, String pipeline, PassContext context) {
        return Pipeline.parse(pipeline, passes).run(model, context, Pipeline.Listener.NONE);
    }
}
