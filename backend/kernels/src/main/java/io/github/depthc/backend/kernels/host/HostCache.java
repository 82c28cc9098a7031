// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels.host;

import static io.github.depthc.backend.kernels.host.Memory.f;
import static io.github.depthc.backend.kernels.host.Memory.i;
import static io.github.depthc.backend.kernels.host.Memory.is;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** KV caches of a layer, one for each row, token-major, and decode attention over them. */
public final class HostCache {
    private HostCache() {
    }

    /**
     * Writes a new token of each row at the end of its cache, and counts it.
     *
     * @param w             elements of a token's keys
     * @param indexCaches   {@code int[capacity]} of each row, or null: then sequenceIndex is not read
     * @param sequenceIndex {@code int[rows]}
     * @param lengths       {@code int[rows]}, one more afterwards
     * @param keep          {@code u8[rows]}, or null for all
     */
    public static void append(MemorySegment k, MemorySegment v, int rows, int w, List<MemorySegment> kCaches, List<MemorySegment> vCaches,
            List<MemorySegment> indexCaches, MemorySegment sequenceIndex, MemorySegment lengths, MemorySegment keep) {
        for (int row = 0; row < rows; row++) {
            if (keep == null || is(keep, row)) {
                int length = i(lengths, row);
                Memory.copy(k, (long) row * w, kCaches.get(row), (long) length * w, w);
                Memory.copy(v, (long) row * w, vCaches.get(row), (long) length * w, w);
                if (indexCaches != null) {
                    i(indexCaches.get(row), length, i(sequenceIndex, row));
                }
                i(lengths, row, length + 1);
            }
        }
    }

    /**
     * Attention of one new token of each row over its own cache, which has it already; zeros where the cache is empty.
     *
     * @param window how far the token sees, 0 for all: by sequence index where there are indexCaches, else by place
     */
    public static void attend(MemorySegment q, int rows, Heads heads, int window, List<MemorySegment> kCaches, List<MemorySegment> vCaches,
            List<MemorySegment> indexCaches, MemorySegment sequenceIndex, MemorySegment lengths, MemorySegment out) {
        int dim = heads.headDim();
        for (int row = 0; row < rows; row++) {
            int length = i(lengths, row);
            double[] p = new double[length];
            for (int head = 0; head < heads.heads(); head++) {
                long at = ((long) row * heads.heads() + head) * dim;
                double most = Double.NEGATIVE_INFINITY;
                for (int t = 0; t < length; t++) {
                    boolean seen = window == 0 || (indexCaches == null ? length - t <= window
                            : i(sequenceIndex, row) - i(indexCaches.get(row), t) < window);
                    p[t] = seen ? heads.score(Memory.dot(q, at, kCaches.get(row), (long) t * heads.kvWidth() + heads.kvAt(head), dim))
                            : Double.NEGATIVE_INFINITY;
                    most = Math.max(most, p[t]);
                }
                double[] sum = new double[dim];
                double total = 0;
                for (int t = 0; t < length; t++) {
                    double weight = p[t] == Double.NEGATIVE_INFINITY ? 0 : Math.exp(p[t] - most);
                    total += weight;
                    for (int c = 0; c < dim; c++) {
                        sum[c] += weight * f(vCaches.get(row), (long) t * heads.kvWidth() + heads.kvAt(head) + c);
                    }
                }
                for (int c = 0; c < dim; c++) {
                    f(out, at + c, total > 0 ? (float) (sum[c] / total) : 0);
                }
            }
        }
    }
}
