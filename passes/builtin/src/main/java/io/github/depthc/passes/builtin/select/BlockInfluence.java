// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.select;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.Analyses;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.LayerWalk;
import io.github.depthc.passes.api.PassContext;
import java.util.Arrays;
import java.util.List;

/**
 * How much each layer changes the hidden states: the mean over tokens of {@code 1 − cos(before, after)}. Low means that the layer
 * hands on what it gets. Where one of them is zero it has no direction: then it is 1, or 0 where both are. Source: ShortGPT (Men et al. 2024), Block Influence.
 */
record BlockInfluence() implements Analyses.Analysis<double[]> {
    @Override
    public Object dependsOn(Model model) {
        return LayerWalk.dependsOn(model);
    }

    @Override
    public double[] compute(Model model, PassContext context) {
        var sums = new double[model.layers().size()];
        var tokens = new long[sums.length];
        LayerWalk.run(model, context, "Block Influence", (node, b) -> List.of(), (layer, sample, before, probed, after) -> {
            sums[layer] += sum(before, after);
            if (!Double.isFinite(sums[layer])) {
                throw new InputException("layer " + layer + " has hidden states that are not numbers: the checkpoint has NaN or infinite weights up to that layer, or its values "
                        + "overflow; Block Influence cannot be measured");
            }
            tokens[layer] += before.shape()[0];
        });
        Arrays.setAll(sums, l -> sums[l] / tokens[l]);
        return sums;
    }

    private static double sum(HostTensor before, HostTensor after) {
        int d = (int) before.shape()[1];
        float[] x = before.floats();
        float[] y = after.floats();
        double sum = 0;
        for (int at = 0; at < x.length; at += d) {
            double xy = 0;
            double xx = 0;
            double yy = 0;
            for (int i = at; i < at + d; i++) {
                xy += (double) x[i] * y[i];
                xx += (double) x[i] * x[i];
                yy += (double) y[i] * y[i];
            }
            sum += xx == 0 || yy == 0 ? (xx == yy ? 0 : 1) : 1 - xy / Math.sqrt(xx * yy);
        }
        return sum;
    }
}
