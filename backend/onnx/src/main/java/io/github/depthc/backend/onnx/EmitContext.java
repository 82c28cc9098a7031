// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** What the emitters of single ops share: the ONNX names of the IR's values, the weights, the rows and the caches. */
final class EmitContext {
    private final GraphWriter g;
    private final boolean portable;
    private final Optional<DType> rowType;
    private final WeightTable weights;
    private final CacheTable caches;
    private final Map<Value, String> names = new IdentityHashMap<>();
    private final Map<Value, String> wanted = new IdentityHashMap<>();
    private final Map<Value, RowsLayout> rows = new IdentityHashMap<>();
    private final Memo shared = new Memo();
    /** Of an F32 tensor the one in the row type that it was widened from, or that was narrowed from it. */
    private final Map<String, String> narrow = new HashMap<>();

    /** @param rowType of matrices and hidden states in a graph for an engine builder */
    EmitContext(GraphWriter g, boolean portable, Optional<DType> rowType, WeightTable weights, CacheTable caches) {
        this.g = g;
        this.portable = portable;
        this.rowType = rowType;
        this.weights = weights;
        this.caches = caches;
    }

    GraphWriter g() {
        return g;
    }

    /** True if only standard operators may be used. */
    boolean portable() {
        return portable;
    }

    /** True if the graph is for an engine builder: only operators that all of them know. */
    boolean forEngine() {
        return rowType.isPresent();
    }

    /** True if products of matrices are in another type than F32. */
    boolean narrow() {
        return rowType.filter(t -> t != DType.F32).isPresent();
    }

    /** A tensor of the row type in F32. */
    String widened(String name) {
        String wide = g.cast(name, DataType.FLOAT);
        narrow.put(wide, name);
        return wide;
    }

    /** An F32 tensor in the row type. */
    String narrowed(String name) {
        return narrow.computeIfAbsent(name, n -> g.cast(n, OnnxTypes.of(rowType.orElseThrow())));
    }

    /** A weight operand in the row type. */
    String narrowWeight(Node node, int operand) {
        WeightTable.Stored stored = stored(node, operand);
        DType type = rowType.orElseThrow();
        return stored.dtype() == type ? stored.name() : shared("narrow " + stored.name(), () -> g.cast(stored.name(), OnnxTypes.of(type)));
    }

    CacheTable caches() {
        return caches;
    }

    /** A tensor that several nodes may need, such as a cosine table with one more dimension; key it by what it is and of what. */
    String shared(String key, Supplier<String> compute) {
        return shared.once(key, compute);
    }

    /** The name of a tensor operand; weights come as F32. */
    String in(Node node, int operand) {
        return tensor(node.operand(operand));
    }

    /** The name of a tensor value; weights come as F32. */
    String tensor(Value value) {
        WeightExpr weight = weight(value);
        if (weight != null) {
            return weights.f32(weight, value.name());
        }
        String name = names.get(value);
        if (name == null) {
            throw new IllegalStateException("%" + value.name() + " is used before it is computed");
        }
        return name;
    }

    /** A weight operand as it is stored. */
    WeightTable.Stored stored(Node node, int operand) {
        Value value = node.operand(operand);
        WeightExpr weight = weight(value);
        return weight != null ? weights.stored(weight, value.name()) : new WeightTable.Stored(tensor(value), value.tensor().dtype());
    }

    /** Codes in two's complement as the matrix of integers of so many bits that they are. */
    String integers(Node node, int operand, int bits) {
        Value value = node.operand(operand);
        return weights.integers(weight(value), value.name(), bits);
    }

    /** The name of an operand under another shape; a weight's bytes are not stored twice for it. */
    String reshaped(Node node, int operand, long... shape) {
        Value value = node.operand(operand);
        WeightExpr weight = weight(value);
        if (weight == null) {
            return g.reshape(tensor(value), shape);
        }
        return weights.stored(new WeightExpr.Reshape(weight, Arrays.stream(shape).boxed().toList()), value.name()).name();
    }

    private static WeightExpr weight(Value value) {
        return value instanceof Result r && r.node().kind() instanceof Weight w ? w.expr() : null;
    }

    /** Asks that a value that is not computed yet get this name, already reserved, when it is. */
    void want(Result value, String name) {
        wanted.put(value, name);
    }

    /** Takes a name for a node's result, to be the output of the ONNX node that computes it. */
    String out(Node node, int result) {
        Result value = node.result(result);
        String name = wanted.containsKey(value) ? wanted.get(value) : g.unique(value.name());
        names.put(value, name);
        return name;
    }

    /** Takes a name for a node's only result. */
    String out(Node node) {
        return out(node, 0);
    }

    void define(Param param, String name) {
        names.put(param, name);
    }

    void defineRows(Value value, RowsLayout layout) {
        rows.put(value, layout);
    }

    /** The layout of a rows operand. */
    RowsLayout rows(Node node, int operand) {
        RowsLayout layout = rows.get(node.operand(operand));
        if (layout == null) {
            throw new IllegalStateException("%" + node.operand(operand).name() + " is used before it is computed");
        }
        return layout;
    }
}
