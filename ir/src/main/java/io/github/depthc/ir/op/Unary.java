// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/** A function applied to each element of a floating point tensor. */
public sealed interface Unary extends OpKind {
    @Override
    default List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 1);
        Expect.noRegions(regions);
        return List.of(Expect.floats(operands, 0));
    }

    @Override
    default List<Integer> rowWise(List<Type> operands) {
        return List.of(0);
    }

    /** {@code x · sigmoid(x)}. */
    record Silu() implements Unary {
        @Override
        public String mnemonic() {
            return "silu";
        }
    }

    /** Gaussian error linear unit; {@code tanh} selects the tanh approximation. */
    record Gelu(boolean tanh) implements Unary {
        @Override
        public String mnemonic() {
            return "gelu";
        }
    }

    /** Logistic function. */
    record Sigmoid() implements Unary {
        @Override
        public String mnemonic() {
            return "sigmoid";
        }
    }

    /** Hyperbolic tangent. */
    record Tanh() implements Unary {
        @Override
        public String mnemonic() {
            return "tanh";
        }
    }

    /** {@code x · factor}. */
    record Scale(double factor) implements Unary {
        @Override
        public String mnemonic() {
            return "scale";
        }
    }

    /** {@code cap · tanh(x / cap)}. */
    record Softcap(double cap) implements Unary {
        public Softcap {
            Expect.attribute(cap > 0, "cap is " + cap + ", expected more than 0");
        }

        @Override
        public String mnemonic() {
            return "softcap";
        }
    }

    /** Softmax over the last dimension. */
    record Softmax() implements Unary {
        @Override
        public String mnemonic() {
            return "softmax";
        }

        @Override
        public List<Integer> rowWise(List<Type> operands) {
            return ((TensorType) operands.get(0)).rank() > 1 ? List.of(0) : List.of();
        }
    }
}
