// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.passes.api.HostTensor;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Distances of next-token distributions. */
final class Divergence {
    private Divergence() {
    }

    /** The mean over rows of KL(a ‖ b) in nats; logits {@code f32[rows, vocab]}. Exactly 0 of equal logits. */
    static double mean(HostTensor a, HostTensor b) {
        int rows = (int) a.shape()[0];
        int vocab = (int) a.shape()[1];
        float[] p = a.floats();
        float[] q = b.floats();
        double[] each = IntStream.range(0, rows).parallel().mapToDouble(r -> row(p, q, r * vocab, vocab)).toArray();
        return Arrays.stream(each).sum() / rows;
    }

    private static double row(float[] a, float[] b, int at, int vocab) {
        double shiftA = logSum(a, at, vocab);
        double shiftB = logSum(b, at, vocab);
        double sum = 0;
        for (int i = at; i < at + vocab; i++) {
            double p = a[i] - shiftA;
            sum += Math.exp(p) * (p - (b[i] - shiftB));
        }
        return sum;
    }

    private static double logSum(float[] x, int at, int vocab) {
        double top = x[at];
        for (int i = at; i < at + vocab; i++) {
            top = Math.max(top, x[i]);
        }
        double sum = 0;
        for (int i = at; i < at + vocab; i++) {
            sum += Math.exp(x[i] - top);
        }
        return top + Math.log(sum);
    }
}
