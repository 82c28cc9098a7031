// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import io.github.depthc.ir.AttributeDefault;
import io.github.depthc.ir.Counted;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.TypeException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * A weight, described but not loaded: a stored tensor, a few numbers, or a view of another weight. A view costs nothing
 * until {@link WeightReader} evaluates it, piece by piece, while the weight is written out.
 */
public sealed interface WeightExpr {
    /** Element type and fixed shape. */
    TensorType type();

    /** A tensor of a checkpoint or bundle, {@code @checkpoint:"model.norm.weight"}; the store of this source name has its bytes. */
    record Stored(String source, String name, TensorType type) implements WeightExpr {
        public Stored {
            Objects.requireNonNull(source, "source of a weight");
            Objects.requireNonNull(name, "name of a weight");
            type.fixedShape();
        }
    }

    /** A small F32 tensor by value. */
    record Inline(TensorType type, List<Double> values) implements WeightExpr {
        public Inline {
            values = List.copyOf(values);
            if (type.dtype() != DType.F32 || type.elements() != values.size()) {
                throw new TypeException("an inline weight of type " + type + " with " + Counted.of(values.size(), "value")
                        + ", expected f32 and as many values as elements");
            }
        }

        /** These numbers, row by row, in this shape. */
        public static Inline of(float[] values, long... shape) {
            var numbers = new ArrayList<Double>(values.length);
            for (float v : values) {
                numbers.add((double) v);
            }
            return new Inline(TensorType.fixed(DType.F32, shape), numbers);
        }

        /** One number in every place of this shape. */
        public static Inline filled(double value, long... shape) {
            TensorType type = TensorType.fixed(DType.F32, shape);
            return new Inline(type, Collections.nCopies(Math.toIntExact(type.elements()), value));
        }
    }

    /** Elements {@code begin} (inclusive) to {@code end} (exclusive) along an axis. */
    record Slice(WeightExpr of, int axis, long begin, long end) implements WeightExpr {
        public Slice {
            long[] shape = of.type().fixedShape();
            if (axis < 0 || axis >= shape.length || begin < 0 || end > shape[axis] || begin > end) {
                throw new TypeException("slice [" + begin + ", " + end + ") of axis " + axis + " is outside " + of.type());
            }
        }

        @Override
        public TensorType type() {
            return withDim(of.type(), axis, end - begin);
        }
    }

    /** Weights of equal type but for one axis, one after the other along that axis. */
    record Concat(List<WeightExpr> parts, int axis) implements WeightExpr {
        public Concat {
            parts = List.copyOf(parts);
            if (parts.isEmpty()) {
                throw new TypeException("a concatenation of nothing");
            }
            TensorType first = parts.getFirst().type();
            if (axis < 0 || axis >= first.rank()) {
                throw new TypeException("axis " + axis + " is outside " + first);
            }
            for (WeightExpr p : parts) {
                if (p.type().rank() != first.rank() || !withDim(p.type(), axis, 0).equals(withDim(first, axis, 0))) {
                    throw new TypeException("cannot concatenate " + first + " and " + p.type() + " along axis " + axis);
                }
            }
        }

        @Override
        public TensorType type() {
            long sum = 0;
            TensorType type = null;
            // Each part is asked once: asking one twice would double the work with every level of nesting.
            for (WeightExpr p : parts) {
                type = p.type();
                sum = Math.addExact(sum, type.fixedShape()[axis]);
            }
            return withDim(type, axis, sum);
        }
    }

    /** Axes permuted: axis {@code i} of the result is axis {@code axes[i]} of the operand. */
    record Transpose(WeightExpr of, List<Integer> axes) implements WeightExpr {
        public Transpose {
            axes = List.copyOf(axes);
            if (!axes.stream().sorted().toList().equals(java.util.stream.IntStream.range(0, of.type().rank()).boxed().toList())) {
                throw new TypeException("axes " + axes + " are no permutation of the axes of " + of.type());
            }
        }

        @Override
        public TensorType type() {
            TensorType t = of.type();
            return new TensorType(t.dtype(), axes.stream().map(t::dim).toList());
        }
    }

    /** The same elements in the same order under another shape. */
    record Reshape(WeightExpr of, List<Long> shape) implements WeightExpr {
        public Reshape {
            shape = List.copyOf(shape);
            if (of.type().elements() != fixed(of.type().dtype(), shape).elements()) {
                throw new TypeException("cannot reshape " + of.type() + " to " + shape);
            }
        }

        @Override
        public TensorType type() {
            return fixed(of.type().dtype(), shape);
        }
    }

    private static TensorType fixed(DType dtype, List<Long> shape) {
        return new TensorType(dtype, shape.stream().map(Dim::of).toList());
    }

    /** Elements converted to another floating point type, rounding to nearest even. */
    record Cast(WeightExpr of, DType to) implements WeightExpr {
        public Cast {
            if (!to.isFloat() || !of.type().dtype().isFloat()) {
                throw new TypeException("cannot cast " + of.type() + " to " + to.text() + ": both must be floating point");
            }
        }

        @Override
        public TensorType type() {
            return new TensorType(to, of.type().shape());
        }
    }

    /**
     * A matrix {@code [out, in]} in blocks of integers with a scale each: every row is cut into {@code ceil(in / block)} blocks, the last
     * one filled up with zeros, and element {@code x} of a block is {@code scale · (code − 2^(bits − 1))}; a block that has a NaN or an
     * infinity has a scale that is none either. This is the form of ONNX Runtime's {@code MatMulNBits} without zero points.
     *
     * @param bits   4, two codes in a byte with the first in its lower half, or 8
     * @param block  elements of a block: 16, 32, 64, 128 or 256
     * @param part   which part of it this is
     * @param scales what a scale may be
     */
    record Quantized(WeightExpr of, int bits, int block, Part part, @AttributeDefault("either_sign") Scales scales) implements WeightExpr {
        /** What of a quantised matrix. */
        public enum Part {
            /** The integers: {@code u8[out, blocks, block · bits / 8]}. */
            CODES,
            /** The integers less {@code 2^(bits − 1)}, in two's complement: {@code i8[out, blocks, block · bits / 8]}. */
            SIGNED,
            /** A number for each block: {@code f32[out, blocks]}. */
            SCALES,
            /** What the codes stand for: {@code f32[out, in]}. */
            VALUES
        }

        /** What the scale of a block may be. */
        public enum Scales {
            /** The element of largest magnitude over {@code −2^(bits − 1)}: this element is exact, and no code is wasted. */
            EITHER_SIGN,
            /** The least positive number with which no element is beyond the codes; 1 for a block of zeros. */
            F32,
            /** The same among the numbers of BF16. */
            BF16,
            /** The same among the numbers of F16. */
            F16;

            /** The positive ones of a type: F32, BF16 or F16. */
            public static Scales of(DType type) {
                return valueOf(type.name());
            }

            /** The type of scales, and of what the codes stand for. */
            public DType type() {
                return this == EITHER_SIGN ? DType.F32 : DType.valueOf(name());
            }

            /** The least number that is rounded to infinity in that type. */
            float infinite() {
                return switch (this) {
                    case F16 -> 65520;
                    case BF16 -> 0x1.ffp127f;
                    default -> Float.POSITIVE_INFINITY;
                };
            }
        }

        public Quantized {
            if (!of.type().dtype().isFloat() || of.type().rank() != 2) {
                throw new TypeException("cannot quantize " + of.type() + ": expected a floating point matrix [out, in]");
            }
            if (bits != 4 && bits != 8) {
                throw new TypeException("bits is " + bits + ", expected 4 or 8");
            }
            if (Integer.bitCount(block) != 1 || block < 16 || block > 256) {
                throw new TypeException("block is " + block + ", expected 16, 32, 64, 128 or 256");
            }
        }

        /** With scales of either sign. */
        public Quantized(WeightExpr of, int bits, int block, Part part) {
            this(of, bits, block, part, Scales.EITHER_SIGN);
        }

        /** Another part of the same. */
        public Quantized with(Part other) {
            return new Quantized(of, bits, block, other, scales);
        }

        @Override
        public TensorType type() {
            long[] shape = of.type().fixedShape();
            long blocks = (shape[1] + block - 1) / block;
            return switch (part) {
                case CODES -> TensorType.fixed(DType.U8, shape[0], blocks, (long) block * bits / 8);
                case SIGNED -> TensorType.fixed(DType.I8, shape[0], blocks, (long) block * bits / 8);
                case SCALES -> TensorType.fixed(DType.F32, shape[0], blocks);
                case VALUES -> TensorType.fixed(DType.F32, shape);
            };
        }
    }

    /** Size in bytes when written out. */
    default long byteSize() {
        return type().elements() * type().dtype().bytes();
    }

    private static TensorType withDim(TensorType t, int axis, long size) {
        var dims = new ArrayList<>(t.shape());
        dims.set(axis, Dim.of(size));
        return new TensorType(t.dtype(), dims);
    }
}
