// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.reference;

import java.util.List;
import java.util.stream.IntStream;

/** One layer's KV cache: the entries of each row. */
public record Cache(List<List<Entry>> rows) {
    /**
     * A cached token.
     *
     * @param key   {@code [kvHeads · headDim]}
     * @param value {@code [kvHeads · headDim]}
     * @param index the token's index in its sequence
     */
    public record Entry(double[] key, double[] value, long index) {
    }

    /** No entries yet. */
    public static Cache empty(int rows) {
        return new Cache(IntStream.range(0, rows).mapToObj(r -> List.<Entry>of()).toList());
    }

    /** Entries of each row. */
    public int[] lengths() {
        return rows.stream().mapToInt(List::size).toArray();
    }
}
