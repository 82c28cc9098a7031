// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

/**
 * The pseudo-random key of a token, from seed, layer and sequence index, in exact integer arithmetic that any runtime
 * repeats: with {@code p = 2³¹ − 1} and x the index, two rounds of {@code x ← ((a · x + b) mod p)⁵ mod p}. As 5 does not
 * divide p − 1 and a is not zero, a round is a permutation of 0 … p − 1: no two tokens of a sequence have one key. The
 * multipliers and offsets come from a splitmix64 sequence (Steele, Lea, Flood 2014) of seed and layer. Products stay under
 * 2⁶².
 */
final class RandomKey {
    private static final long P = (1L << 31) - 1;
    private static final int ROUNDS = 2;

    private RandomKey() {
    }

    /** Keys I64 {@code [n]}, from 0, of sequence indices I64 {@code [n]}. */
    static String emit(GraphWriter g, String index, int seed, int layer) {
        String x = index;
        long[] ab = coefficients(seed, layer);
        for (int round = 0; round < ROUNDS; round++) {
            x = modulo(g, g.add(g.mul(x, g.i64(ab[2 * round])), g.i64(ab[2 * round + 1])));
            String squared = modulo(g, g.mul(x, x));
            String fourth = modulo(g, g.mul(squared, squared));
            x = modulo(g, g.mul(fourth, x));
        }
        return x;
    }

    private static String modulo(GraphWriter g, String x) {
        return g.op("Mod", x, g.i64(P)).to("mod");
    }

    /** The same in Java. */
    static long of(long index, int seed, int layer) {
        long x = index;
        long[] ab = coefficients(seed, layer);
        for (int round = 0; round < ROUNDS; round++) {
            x = (x * ab[2 * round] + ab[2 * round + 1]) % P;
            long squared = x * x % P;
            x = squared * squared % P * x % P;
        }
        return x;
    }

    private static long[] coefficients(int seed, int layer) {
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
