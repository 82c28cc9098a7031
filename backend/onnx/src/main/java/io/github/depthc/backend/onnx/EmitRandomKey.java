// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.mod.RandomKey;

/** {@link RandomKey} in integer operators. */
final class EmitRandomKey {
    private EmitRandomKey() {
    }

    /** Keys I64 {@code [n]} of sequence indices I64 {@code [n]}. */
    static String emit(GraphWriter g, String index, int seed, int layer) {
        String x = index;
        long[] ab = RandomKey.coefficients(seed, layer);
        for (int round = 0; round < RandomKey.ROUNDS; round++) {
            x = modulo(g, g.add(g.mul(x, g.i64(ab[2 * round])), g.i64(ab[2 * round + 1])));
            String squared = modulo(g, g.mul(x, x));
            String fourth = modulo(g, g.mul(squared, squared));
            x = modulo(g, g.mul(fourth, x));
        }
        return x;
    }

    private static String modulo(GraphWriter g, String x) {
        return g.op("Mod", x, g.i64(RandomKey.P)).to("mod");
    }
}
