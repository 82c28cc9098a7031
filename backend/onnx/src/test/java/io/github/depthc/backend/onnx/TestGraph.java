// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.reference.Rows;
import io.github.depthc.reference.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A small graph under test and random inputs for it. */
final class TestGraph {
    final RegionBuilder b = new RegionBuilder();
    private final Map<String, Object> inputs = new HashMap<>();
    private final Random random;

    TestGraph(long seed) {
        random = new Random(seed);
    }

    /** A random F32 number as F64, roughly normal. */
    double number() {
        return (float) random.nextGaussian();
    }

    double[] numbers(int n) {
        double[] d = new double[n];
        Arrays.setAll(d, i -> number());
        return d;
    }

    /** An F32 parameter {@code [tokens, width]} of random numbers. */
    Param tokens(String name, int n, int width) {
        return tokens(name, numbers(n * width), width);
    }

    /** An F32 parameter {@code [tokens, width]} of these numbers. */
    Param tokens(String name, double[] values, int width) {
        return param(name, TensorType.of(DType.F32, Dim.TOKENS, Dim.of(width)), values);
    }

    /** A parameter of this type (of rank 1 or 2) and value. */
    Param param(String name, TensorType type, double... values) {
        int width = type.rank() == 2 ? (int) type.lastSize() : 1;
        inputs.put(name, type.rank() == 2 ? new Tensor(values, values.length / width, width) : Tensor.vector(values));
        return b.param(name, type);
    }

    /** An F32 parameter {@code [tokens]}. */
    Param perToken(String name, double... values) {
        return param(name, TensorType.of(DType.F32, Dim.TOKENS), values);
    }

    /** An I64 parameter {@code [dim]}. */
    Param longs(String name, String dim, double... values) {
        return param(name, TensorType.of(DType.I64, Dim.of(dim)), values);
    }

    /** A BOOL parameter {@code [tokens]}: a digit 1 for true, any other for false. */
    Param flags(String name, String digits) {
        return param(name, TensorType.of(DType.BOOL, Dim.TOKENS), digits.chars().mapToDouble(c -> c == '1' ? 1 : 0).toArray());
    }

    /** The rows parameter: rows of these lengths, from the first token of each sequence. */
    Param rows(int... lengths) {
        return rows(lengths, new int[lengths.length]);
    }

    /** The rows parameter. */
    Param rows(int[] lengths, int[] starts) {
        inputs.put("rows", Rows.of(lengths, starts));
        return b.param("rows", new RowsType(Dim.TOKENS));
    }

    /** A random weight. */
    Value weight(long... shape) {
        return weight(numbers((int) Arrays.stream(shape).reduce(1, Math::multiplyExact)), shape);
    }

    /** A weight of these values. */
    Value weight(double[] values, long... shape) {
        return b.add("w", new Weight(new WeightExpr.Inline(TensorType.fixed(DType.F32, shape), Arrays.stream(values).boxed().toList())));
    }

    Value add(OpKind kind, Value... operands) {
        return b.add("v", kind, operands);
    }

    void input(String name, Object value) {
        inputs.put(name, value);
    }

    Map<String, Object> inputs() {
        return inputs;
    }

    /** Builds the region and compares both emitted forms with the reference. */
    List<Object> check(double tolerance, Value... yields) {
        Region region = b.build(List.of(yields));
        return Agreement.check(region, inputs, tolerance);
    }
}
