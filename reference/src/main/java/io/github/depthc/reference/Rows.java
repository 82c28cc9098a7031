// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.reference;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How packed tokens are divided into rows.
 *
 * @param count number of rows
 * @param rowOf which row each token is of
 * @param index each token's index in its sequence
 */
public record Rows(int count, int[] rowOf, long[] index) {
    /** Rows of these many new tokens, the first of each having this index in its sequence. */
    public static Rows of(int[] lengths, int[] starts) {
        int n = Arrays.stream(lengths).sum();
        int[] rowOf = new int[n];
        long[] index = new long[n];
        int t = 0;
        for (int r = 0; r < lengths.length; r++) {
            for (int i = 0; i < lengths[r]; i++, t++) {
                rowOf[t] = r;
                index[t] = starts[r] + i;
            }
        }
        return new Rows(lengths.length, rowOf, index);
    }

    /** The rows of some of the tokens. */
    public Rows subset(int... tokens) {
        return new Rows(count, IntStream.of(tokens).map(t -> rowOf[t]).toArray(), IntStream.of(tokens).mapToLong(t -> index[t]).toArray());
    }

    /** Packed indices of a row's tokens. */
    public int[] tokensOf(int row) {
        return IntStream.range(0, rowOf.length).filter(t -> rowOf[t] == row).toArray();
    }
}
