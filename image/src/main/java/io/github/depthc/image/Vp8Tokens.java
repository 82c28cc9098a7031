// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/** Reads the coefficients of 4 x 4 blocks (RFC 6386, section 13). */
final class Vp8Tokens {
    private static final int TYPES = 4;
    private static final int BANDS = 8;
    private static final int CONTEXTS = 3;
    private static final int TOKENS = 11;
    private static final int BLOCK = 16;

    /** The band of each coefficient; one more for what follows the last. */
    private static final int[] BAND = {0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0};
    private static final int[] ZIGZAG = {0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15};
    /** The further bits of large values. */
    private static final int[][] CATEGORIES = {{173, 148, 140}, {176, 155, 140, 135}, {180, 157, 141, 134, 130}, {254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129}};

    private final int[] probabilities;

    /** With the probabilities that a frame begins with, and the changes that its header makes. */
    Vp8Tokens(Vp8Tables tables, BoolDecoder header) {
        probabilities = tables.table("coefficient_probabilities");
        int[] updates = tables.table("coefficient_update_probabilities");
        for (int i = 0; i < TYPES * BANDS * CONTEXTS * TOKENS; i++) {
            if (header.bit(updates[i]) != 0) {
                probabilities[i] = header.literal(8);
            }
        }
    }

    private static int at(int type, int coefficient, int context) {
        return ((type * BANDS + BAND[coefficient]) * CONTEXTS + context) * TOKENS;
    }

    /**
     * Reads a block.
     *
     * @param first the first coefficient that it has, 0 or 1
     * @param dc    the factor of coefficient 0
     * @param ac    the factor of the others
     * @param into  16 numbers from {@code to} on, zeros before
     * @return the coefficient behind the last that the block has; {@code first} when it has none
     */
    int read(BoolDecoder in, int type, int context, int first, int dc, int ac, int[] into, int to) {
        int p = at(type, first, context);
        for (int n = first; n < BLOCK; n++) {
            if (in.bit(probabilities[p]) == 0) {
                return n;
            }
            while (in.bit(probabilities[p + 1]) == 0) {
                if (++n == BLOCK) {
                    return BLOCK;
                }
                p = at(type, n, 0);
            }
            int value = 1;
            int next = 1;
            if (in.bit(probabilities[p + 2]) != 0) {
                value = large(in, p);
                next = 2;
            }
            p = at(type, n + 1, next);
            into[to + ZIGZAG[n]] = (in.flag() ? -value : value) * (n > 0 ? ac : dc);
        }
        return BLOCK;
    }

    private int large(BoolDecoder in, int p) {
        if (in.bit(probabilities[p + 3]) == 0) {
            return in.bit(probabilities[p + 4]) == 0 ? 2 : 3 + in.bit(probabilities[p + 5]);
        }
        if (in.bit(probabilities[p + 6]) == 0) {
            if (in.bit(probabilities[p + 7]) == 0) {
                return 5 + in.bit(159);
            }
            int two = in.bit(165);
            return 7 + 2 * two + in.bit(145);
        }
        int high = in.bit(probabilities[p + 8]);
        int category = 2 * high + in.bit(probabilities[p + 9 + high]);
        int extra = 0;
        for (int probability : CATEGORIES[category]) {
            extra = 2 * extra + in.bit(probability);
        }
        return extra + 3 + (8 << category);
    }
}
