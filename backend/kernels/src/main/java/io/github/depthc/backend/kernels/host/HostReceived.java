// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels.host;

import static io.github.depthc.backend.kernels.host.Memory.f;
import static io.github.depthc.backend.kernels.host.Memory.i;

import java.lang.foreign.MemorySegment;

/** Scores by attention. */
public final class HostReceived {
    private HostReceived() {
    }

    /**
     * What each token gets from the last {@code observers} of its row, summed over them and averaged over heads.
     *
     * @param q     {@code [n, heads · headDim]}
     * @param k     {@code [n, kvHeads · headDim]}
     * @param score result {@code float[n]}
     */
    public static void received(MemorySegment q, MemorySegment k, MemorySegment rowOffsets, int rows, Heads heads, int observers, boolean causal,
            MemorySegment score) {
        int dim = heads.headDim();
        for (int row = 0; row < rows; row++) {
            int begin = i(rowOffsets, row);
            int length = i(rowOffsets, row + 1) - begin;
            double[] sum = new double[length];
            for (int observer = Math.max(0, length - observers); observer < length; observer++) {
                int seen = causal ? observer + 1 : length;
                double[] p = new double[seen];
                for (int head = 0; head < heads.heads(); head++) {
                    long at = ((long) (begin + observer) * heads.heads() + head) * dim;
                    double most = Double.NEGATIVE_INFINITY;
                    for (int t = 0; t < seen; t++) {
                        p[t] = heads.score(Memory.dot(q, at, k, (long) (begin + t) * heads.kvWidth() + heads.kvAt(head), dim));
                        most = Math.max(most, p[t]);
                    }
                    double total = 0;
                    for (int t = 0; t < seen; t++) {
                        p[t] = Math.exp(p[t] - most);
                        total += p[t];
                    }
                    for (int t = 0; t < seen; t++) {
                        sum[t] += p[t] / total / heads.heads();
                    }
                }
            }
            for (int t = 0; t < length; t++) {
                f(score, begin + t, (float) sum[t]);
            }
        }
    }
}
