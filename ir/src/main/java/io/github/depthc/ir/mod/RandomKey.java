// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

/**
 * The pseudo-random key of a token, from seed, layer and sequence index, in exact integer arithmetic that any runtime
 * repeats: with {@code p = 2³¹ − 1} and x the index, two rounds of {@code x ← ((a · x + b) mod p)⁵ mod p}. As 5 does not
 * divide p − 1 and a is not zero, a round is a permutation of 0 … p − 1: no two tokens of a sequence have one key. The
 * multipliers and offsets come from a splitmix64 sequence (Steele, Lea, Flood 2014) of seed and layer. Products stay under
 * 2⁶².
 */
public final class RandomKey {
    /** The modulus. */
    public static final long P = (1L << 31) - 1;
    /** How often the map is applied. */
    public static final int ROUNDS = 2;

    private RandomKey() {
    }

    /** The key, 0 to {@link #P} − 1, of the token with this index in its sequence. */
    public static long of(long index, int seed, int layer) {
        long x = index;
        long[] ab = coefficients(seed, layer);
        for (int round = 0; round < ROUNDS; round++) {
            x = (x * ab[2 * round] + ab[2 * round + 1]) % P;
            long squared = x * x % P;
            x = squared * squared % P * x % P;
        }
        return x;
    }

    /** a and b of each round, one after the other. */
    public static long[] coefficients(int seed, int layer) {
        long state = ((long) layer << 32) + seed;
        long[] ab = new long[2 * ROUNDS];
        for (int i = 0; i < ab.length; i++) {
            state += 0x9e3779b97f4a7c15L;
            long z = state;
            z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
            z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
            z ^= z >>> 31;
            ab[i] = 1 + Long.remainderUnsigned(z, P - 1);
        }
        return ab;
    }
}
