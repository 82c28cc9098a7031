// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Constant;
import io.github.depthc.ir.op.Unary;
import java.util.SplittableRandom;

/** Work for clean-up passes: nodes that change nothing, and nodes that nothing uses. */
final class Noise {
    private Noise() {
    }

    /** The value, now and then behind a node that leaves it as it is, or beside one that nothing uses. */
    static Value maybe(SplittableRandom random, RegionBuilder b, Value v) {
        return switch (random.nextInt(16)) {
            case 0 -> b.add("same", new Unary.Scale(1), v);
            case 1 -> b.add("same", new Binary.Mul(), v, b.add("one", new Constant(1)));
            case 2 -> b.add("same", new Binary.Sub(), v, b.add("zero", new Constant(0)));
            case 3 -> {
                b.add("unused", new Unary.Tanh(), b.add("unused", new Unary.Silu(), v));
                yield v;
            }
            default -> v;
        };
    }
}
