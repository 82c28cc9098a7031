// SPDX-License-Identifier: Apache-2.0
package org.example.changescore;

import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.Analyses;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.LayerWalk;
import io.github.depthc.passes.api.PassContext;
import java.util.Arrays;
import java.util.List;

/**
 * How much each layer turns the tokens' hidden states on calibration data: the mean of {@code 1 − cos(before, after)} over tokens, and
 * then over samples. A layer near zero does little. (Block Influence, Men et al., ShortGPT, 2024.)
 */
public record LayerChange() implements Analyses.Analysis<List<Double>> {
    @Override
    public List<Double> compute(Model model, PassContext context) {
        double[] sum = new double[model.layers().size()];
        LayerWalk.run(model, context, "change of layers", (node, b) -> List.of(),
                (layer, sample, before, probed, after) -> sum[layer] += meanChange(before, after));
        return Arrays.stream(sum).map(s -> s / context.calibration().size()).boxed().toList();
    }

    /** The layers' bodies and what computes their input: which layers are selected, and their ratios, make no difference. */
    @Override
    public Object dependsOn(Model model) {
        return LayerWalk.dependsOn(model);
    }

    private static double meanChange(HostTensor before, HostTensor after) {
        int tokens = Math.toIntExact(before.shape()[0]);
        int d = Math.toIntExact(before.shape()[1]);
        float[] a = before.floats();
        float[] b = after.floats();
        double sum = 0;
        for (int t = 0; t < tokens; t++) {
            double aa = 0;
            double bb = 0;
            double ab = 0;
            for (int i = t * d; i < (t + 1) * d; i++) {
                aa += (double) a[i] * a[i];
                bb += (double) b[i] * b[i];
                ab += (double) a[i] * b[i];
            }
            sum += 1 - ab / Math.sqrt(aa * bb);
        }
        return sum / tokens;
    }
}
