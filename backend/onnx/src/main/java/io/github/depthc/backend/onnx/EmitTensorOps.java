// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.mod.ModOverlap;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Constant;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.SliceLast;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.op.Weight;

/** Weights, constants, linear layers, element-wise functions and indexing. */
final class EmitTensorOps {
    private EmitTensorOps() {
    }

    static void register(OpEmitters emitters) {
        // A weight becomes an initializer when something reads it.
        emitters.put(Weight.class, (node, c) -> { });
        emitters.put(Constant.class, (node, c) -> c.g().op("Identity", c.g().f32(((Constant) node.kind()).value())).outputs(c.out(node)));
        emitters.put(Embedding.class, EmitTensorOps::embedding);
        emitters.put(Linear.class, EmitTensorOps::linear);
        emitters.put(GatherRows.class, EmitTensorOps::gatherRows);
        emitters.put(SliceLast.class, EmitTensorOps::sliceLast);
        emitters.put(Binary.Add.class, (node, c) -> binary("Add", node, c));
        emitters.put(Binary.Sub.class, (node, c) -> binary("Sub", node, c));
        emitters.put(Binary.Mul.class, (node, c) -> binary("Mul", node, c));
        emitters.put(Binary.Residual.class, (node, c) -> binary("Add", node, c));
        // The standard Swish does not load at opset 25 and 26; ONNX Runtime fuses these two.
        emitters.put(Unary.Silu.class, (node, c) -> c.g().op("Mul", c.in(node, 0), c.g().op("Sigmoid", c.in(node, 0)).to("sigmoid"))
                .outputs(c.out(node)));
        emitters.put(Unary.Gelu.class, (node, c) -> c.g().op("Gelu", c.in(node, 0))
                .with("approximate", ((Unary.Gelu) node.kind()).tanh() ? "tanh" : "none").outputs(c.out(node)));
        emitters.put(Unary.Sigmoid.class, (node, c) -> c.g().op("Sigmoid", c.in(node, 0)).outputs(c.out(node)));
        emitters.put(Unary.Tanh.class, (node, c) -> c.g().op("Tanh", c.in(node, 0)).outputs(c.out(node)));
        emitters.put(Unary.Softmax.class, (node, c) -> c.g().op("Softmax", c.in(node, 0)).with("axis", -1).outputs(c.out(node)));
        emitters.put(Unary.Scale.class, (node, c) -> c.g().op("Mul", c.in(node, 0), c.g().f32(((Unary.Scale) node.kind()).factor()))
                .outputs(c.out(node)));
        emitters.put(Unary.Softcap.class, EmitTensorOps::softcap);
    }

    /** The rows are cast, not the table. */
    private static void embedding(Node node, EmitContext c) {
        WeightTable.Stored table = c.stored(node, 1);
        if (table.dtype() == DType.F32) {
            c.g().op("Gather", table.name(), c.in(node, 0)).with("axis", 0).outputs(c.out(node));
        } else {
            c.g().op("Cast", c.g().gather(table.name(), c.in(node, 0), 0)).with("to", DataType.FLOAT.getNumber()).outputs(c.out(node));
        }
    }

    /** Gemm reads the {@code [out, in]} layout as it is, but takes matrices only. */
    private static void linear(Node node, EmitContext c) {
        GraphWriter g = c.g();
        boolean bias = node.operands().size() == 3;
        if (c.narrow() && node.operand(0).tensor().rank() == 2) {
            withBias(node, c, c.widened(g.op("Gemm", c.narrowed(c.in(node, 0)), c.narrowWeight(node, 1)).with("transB", 1).to("product")), 2);
            return;
        }
        String x = c.in(node, 0);
        String w = c.in(node, 1);
        if (node.operand(0).tensor().rank() == 2) {
            (bias ? g.op("Gemm", x, w, c.in(node, 2)) : g.op("Gemm", x, w)).with("transB", 1).outputs(c.out(node));
            return;
        }
        String wt = c.shared("transposed " + w, () -> g.transpose(w, 1, 0));
        if (bias) {
            g.op("Add", g.op("MatMul", x, wt).to("matmul"), c.in(node, 2)).outputs(c.out(node));
        } else {
            g.op("MatMul", x, wt).outputs(c.out(node));
        }
    }

    /** Ends a linear layer: its product with a matrix, in F32, and its bias if it has one. */
    static void withBias(Node node, EmitContext c, String product, int bias) {
        boolean has = node.operands().size() > bias;
        c.g().op(has ? "Add" : "Identity", has ? new String[] {product, c.in(node, bias)} : new String[] {product}).outputs(c.out(node));
    }

    private static void gatherRows(Node node, EmitContext c) {
        if (node.result(0).type() instanceof RowsType) {
            c.defineRows(node.result(0), subset(node, c));
            return;
        }
        c.g().op("Gather", c.in(node, 0), c.in(node, 1)).with("axis", 0).outputs(c.out(node));
    }

    /** Tokens that the caller says, of all or of the kept ones; or others. */
    private static RowsLayout subset(Node node, EmitContext c) {
        RowsLayout of = c.rows(node, 0);
        String indices = c.in(node, 1);
        if (node.operand(1) instanceof Result r && r.node().kind() instanceof ModOverlap) {
            return of.wanted(indices, c.in(r.node(), ModOverlap.WANTED), c.rows(r.node(), 0));
        }
        return of.given(indices);
    }

    private static void sliceLast(Node node, EmitContext c) {
        var slice = (SliceLast) node.kind();
        GraphWriter g = c.g();
        g.op("Slice", c.in(node, 0), g.i64s(slice.begin()), g.i64s(slice.end()), g.i64s(-1)).outputs(c.out(node));
    }

    private static void binary(String op, Node node, EmitContext c) {
        TensorType a = node.operand(0).tensor();
        TensorType b = node.operand(1).tensor();
        String right = c.in(node, 1);
        if (a.rank() == 2 && b.rank() == 1) { // one row, [1, d], is broadcast as it is
            right = c.g().unsqueeze(right, 1);
        }
        c.g().op(op, c.in(node, 0), right).outputs(c.out(node));
    }

    private static void softcap(Node node, EmitContext c) {
        GraphWriter g = c.g();
        String cap = g.f32(((Unary.Softcap) node.kind()).cap());
        g.op("Mul", g.op("Tanh", g.op("Div", c.in(node, 0), cap).to("div")).to("tanh"), cap).outputs(c.out(node));
    }
}
