// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.AddRmsNorm;
import io.github.depthc.ir.op.LayerNorm;
import io.github.depthc.ir.op.RmsNorm;

/**
 * Norms. The standard RMSNormalization and the contrib SimplifiedLayerNormalization are the same speed on the CPU (1.1 ms at
 * 2048 × 1024), so only the fused addition differs between the two forms.
 */
final class EmitNorms {
    private EmitNorms() {
    }

    static void register(OpEmitters emitters) {
        emitters.put(RmsNorm.class, EmitNorms::rmsNorm);
        emitters.put(LayerNorm.class, EmitNorms::layerNorm);
        emitters.put(AddRmsNorm.class, EmitNorms::addRmsNorm);
    }

    private static void rmsNorm(Node node, EmitContext c) {
        var norm = (RmsNorm) node.kind();
        GraphWriter g = c.g();
        String x = c.in(node, 0);
        String w = weight(node, 1, norm.unitOffset(), c);
        if (norm.groups() == 1) {
            norm(g, x, w, norm.epsilon()).outputs(c.out(node));
            return;
        }
        long d = node.operand(0).tensor().lastSize();
        long[] grouped = shape(node.operand(0).tensor().rank(), norm.groups(), d / norm.groups());
        long[] flat = shape(node.operand(0).tensor().rank(), d);
        String normed = norm(g, g.reshape(x, grouped), w, norm.epsilon()).to("normed");
        g.op("Reshape", normed, g.i64s(flat)).outputs(c.out(node));
    }

    private static void layerNorm(Node node, EmitContext c) {
        c.g().op("LayerNormalization", c.in(node, 0), c.in(node, 1), c.in(node, 2)).with("axis", -1)
                .with("epsilon", (float) ((LayerNorm) node.kind()).epsilon()).outputs(c.out(node));
    }

    /** All dimensions but the last as they are (a zero copies them), then these. */
    private static long[] shape(int rank, long... last) {
        long[] shape = new long[rank - 1 + last.length];
        System.arraycopy(last, 0, shape, rank - 1, last.length);
        return shape;
    }

    private static void addRmsNorm(Node node, EmitContext c) {
        var norm = (AddRmsNorm) node.kind();
        GraphWriter g = c.g();
        String w = weight(node, 2, norm.unitOffset(), c);
        if (c.portable() || node.operand(0).tensor().rank() != 2) {
            String sum = c.out(node, 0);
            g.op("Add", c.in(node, 0), c.in(node, 1)).outputs(sum);
            norm(g, sum, w, norm.epsilon()).outputs(c.out(node, 1));
        } else {
            String sum = c.out(node, 0);
            g.microsoft("SkipSimplifiedLayerNormalization", c.in(node, 0), c.in(node, 1), w).with("epsilon", (float) norm.epsilon())
                    .outputs(c.out(node, 1), "", "", sum);
        }
    }

    private static GraphWriter.Call norm(GraphWriter g, String x, String w, double epsilon) {
        return g.op("RMSNormalization", x, w).with("axis", -1).with("epsilon", (float) epsilon);
    }

    private static String weight(Node node, int operand, boolean unitOffset, EmitContext c) {
        String w = c.in(node, operand);
        return unitOffset ? c.shared("one plus " + w, () -> c.g().add(w, c.g().f32(1))) : w;
    }
}
