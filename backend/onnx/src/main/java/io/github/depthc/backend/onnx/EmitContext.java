// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** What the emitters of single ops share: the ONNX names of the IR's values, the weights, the rows and the caches. */
final class EmitContext {
    private final GraphWriter g;
    private final boolean portable;
    private final WeightTable weights;
    private final CacheTable caches;
    private final Map<Value, String> names = new IdentityHashMap<>();
    private final Map<Value, String> wanted = new IdentityHashMap<>();
    private final Map<Value, RowsLayout> rows = new IdentityHashMap<>();
    private final Memo shared = new Memo();

    EmitContext(GraphWriter g, boolean portable, WeightTable weights, CacheTable caches) {
        this.g = g;
        this.portable = portable;
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
