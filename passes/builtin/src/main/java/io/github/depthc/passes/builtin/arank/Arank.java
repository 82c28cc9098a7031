// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.arank;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionProbs;
import io.github.depthc.passes.api.Analyses;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.LayerWalk;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Sample;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * ARank (γ-MoD): for each layer and sample, the rank of every head's attention probabilities strictly below the diagonal,
 * averaged over heads and then over samples. Low ARank: the layer mixes few distinct patterns. Routed layers are measured
 * as dense ones. Runs one layer at a time: of the model's weights only one layer is in memory.
 */
public record Arank() implements Analyses.Analysis<Arank.Result> {
    private static final int FEW_TOKENS = 1024;

    /**
     * ARank of one layer.
     *
     * @param index   which layer
     * @param mean    mean over heads and samples
     * @param heads   each head, mean over samples
     * @param samples each sample, mean over heads
     */
    public record LayerRank(int index, double mean, List<Double> heads, List<Double> samples) {
        /** The means of the ranks by sample and head. */
        private static LayerRank of(int index, int[][] ranks) {
            List<Double> samples = Arrays.stream(ranks).map(heads -> Arrays.stream(heads).average().orElseThrow()).toList();
            List<Double> heads = IntStream.range(0, ranks[0].length)
                    .mapToObj(h -> Arrays.stream(ranks).mapToInt(s -> s[h]).average().orElseThrow()).toList();
            return new LayerRank(index, samples.stream().mapToDouble(d -> d).average().orElseThrow(), heads, samples);
        }

        /** Lowest head. */
        public double min() {
            return heads.stream().mapToDouble(d -> d).min().orElseThrow();
        }

        /** Highest head. */
        public double max() {
            return heads.stream().mapToDouble(d -> d).max().orElseThrow();
        }
    }

    /**
     * ARank of a model.
     *
     * @param layers each layer, in order
     * @param tokens length of each calibration sample
     */
    public record Result(List<LayerRank> layers, List<Integer> tokens) {
    }

    @Override
    public Object dependsOn(Model model) {
        return LayerWalk.dependsOn(model);
    }

    @Override
    public Result compute(Model model, PassContext context) {
        List<Sample> samples = context.calibration();
        for (Sample s : samples) {
            if (s.tokens() < 2) {
                throw new InputException("a calibration sample of " + s.tokens() + " token has no attention to measure, expected at least 2 tokens");
            }
        }
        var ranks = new ArrayList<int[][]>();
        LayerWalk.run(model, context, "ARank", Arank::probabilities, (layer, sample, before, probed, after) -> {
            if (probed.size() != 1) {
                throw new InputException("layer " + layer + " has " + Counted.of(probed.size(), "attention") + ", but ARank is of layers with one");
            }
            if (sample == 0) {
                ranks.add(new int[samples.size()][]);
            }
            ranks.get(layer)[sample] = ranks(probed.getFirst(), layer);
        });
        var layers = new ArrayList<LayerRank>();
        for (int[][] layer : ranks) {
            layers.add(LayerRank.of(layers.size(), layer));
        }
        return new Result(List.copyOf(layers), samples.stream().map(Sample::tokens).toList());
    }

    /**
     * The same of the first samples alone, until they have some thousand tokens together: to look at, beside a choice that was made otherwise.
     *
     * @throws InputException as {@link #compute}
     */
    public static Result ofFew(Model model, PassContext context) {
        var few = new ArrayList<Sample>();
        int tokens = 0;
        for (Sample s : context.calibration()) {
            if (s.tokens() >= 2 && tokens < FEW_TOKENS) {
                few.add(s);
                tokens += s.tokens();
            }
        }
        return new Arank().compute(model, PassContext.builder().executor(context.executor()).calibration(() -> few).progress(context.progress()).build());
    }

    private static List<Value> probabilities(Node node, RegionBuilder b) {
        if (node.kind() instanceof Attention a && !a.causal()) {
            throw new InputException("ARank is the rank of causal attention, but this model is an encoder; select layers by their number or by the schedule");
        }
        return node.kind() instanceof Attention a
                ? List.of(b.add("probs", new AttentionProbs(a.heads(), a.kvHeads(), a.headDim(), a.scale(), a.softcap(), a.window()),
                        b.value(node.operand(0)), b.value(node.operand(1)), b.value(node.operand(3))))
                : List.of();
    }

    /** The rank of each head's probabilities {@code [heads, n, n]}. */
    private static int[] ranks(HostTensor probs, int layer) {
        int n = (int) probs.shape()[1];
        return IntStream.range(0, (int) probs.shape()[0]).parallel()
                .map(h -> rank(probs.data().asSlice(4L * h * n * n, 4L * n * n), n, layer)).toArray();
    }

    private static int rank(MemorySegment probs, int n, int layer) {
        try {
            return MatrixRank.belowDiagonal(probs, n);
        } catch (ArithmeticException e) {
            throw new InputException("layer " + layer + " has attention probabilities that are not numbers: the checkpoint has NaN or infinite "
                    + "weights up to that layer, or its values overflow; ARank cannot be measured", e);
        }
    }
}
