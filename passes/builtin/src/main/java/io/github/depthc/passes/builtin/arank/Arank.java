// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.arank;

import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Analyses;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.PassContext;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * ARank (γ-MoD): for each layer and sample, the rank of every head's attention probabilities strictly below the diagonal,
 * averaged over heads and then over samples. Low ARank: the layer mixes few distinct patterns. Routed layers are measured
 * as dense ones. Runs one layer at a time: of the model's weights only one layer is in memory.
 */
public record Arank() implements Analyses.Analysis<Arank.Result> {
    /**
     * ARank of one layer.
     *
     * @param index   which layer
     * @param mean    mean over heads and samples
     * @param heads   each head, mean over samples
     * @param samples each sample, mean over heads
     */
    public record LayerRank(int index, double mean, List<Double> heads, List<Double> samples) {
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
    public Result compute(Model model, PassContext context) {
        List<long[]> samples = context.calibration();
        for (long[] s : samples) {
            if (s.length < 2) {
                throw new InputException("a calibration sample of " + s.length + " token has no attention to measure, expected at least 2 tokens");
            }
        }
        List<Node> layers = model.graph().nodes().stream().filter(n -> n.kind() instanceof Layer || n.kind() instanceof ModLayer).toList();
        if (layers.isEmpty()) {
            throw new InputException("ARank needs a model with layers, but this one is lowered already; run arank before lower-mod");
        }
        HostTensor[] hidden = embed(model, layers.getFirst(), samples, context);
        var found = new ArrayList<LayerRank>();
        for (int l = 0; l < layers.size(); l++) {
            context.progress().at("ARank", l, layers.size());
            found.add(layer(model, layers.get(l), l, hidden, context));
        }
        context.progress().at("ARank", layers.size(), layers.size());
        return new Result(List.copyOf(found), samples.stream().map(s -> s.length).toList());
    }

    private static HostTensor[] embed(Model model, Node first, List<long[]> samples, PassContext context) {
        var hidden = new HostTensor[samples.size()];
        try (Executor.Program program = context.executor().compile(LayerTap.upTo(model.graph(), first.operand(Layer.HIDDEN)), model.weights())) {
            for (int s = 0; s < hidden.length; s++) {
                hidden[s] = program.run(Map.of(GraphNames.TOKEN_IDS, HostTensor.of(samples.get(s)))).getFirst();
            }
        }
        return hidden;
    }

    private static LayerRank layer(Model model, Node node, int index, HostTensor[] hidden, PassContext context) {
        double[] heads = null;
        var samples = new ArrayList<Double>();
        try (Executor.Program program = context.executor().compile(LayerTap.of(node.region()), model.weights())) {
            for (int s = 0; s < hidden.length; s++) {
                int n = (int) hidden[s].shape()[0];
                List<HostTensor> out = program.run(Map.of(
                        node.region().param(Layer.HIDDEN).name(), hidden[s],
                        node.region().param(Layer.POSITIONS).name(), HostTensor.of(LongStream.range(0, n).toArray()),
                        "row_lengths", HostTensor.of(n), "row_starts", HostTensor.of(0)));
                hidden[s] = out.get(0);
                HostTensor probs = out.get(1);
                int count = (int) probs.shape()[0];
                heads = heads == null ? new double[count] : heads;
                int[] ranks = IntStream.range(0, count).parallel()
                        .map(h -> rank(probs.data().asSlice(4L * h * n * n, 4L * n * n), n, index)).toArray();
                for (int h = 0; h < count; h++) {
                    heads[h] += (double) ranks[h] / hidden.length;
                }
                samples.add(IntStream.of(ranks).average().orElseThrow());
            }
        }
        double mean = samples.stream().mapToDouble(d -> d).average().orElseThrow();
        return new LayerRank(index, mean, java.util.Arrays.stream(heads).boxed().toList(), List.copyOf(samples));
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
