// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Origin;
import io.github.depthc.ir.mod.ModCombineScore;
import io.github.depthc.ir.op.Segment;
import java.util.HashMap;
import java.util.Map;

/** Which emitter writes which op kind. A plug-in's own kinds are lowered to these before emission, or come with an {@link OnnxOp}. */
final class OpEmitters {
    private final Map<Class<? extends OpKind>, OpEmitter> byKind = new HashMap<>();

    /** The emitters of all kinds that can be emitted. */
    static OpEmitters all() {
        var all = new OpEmitters();
        EmitTensorOps.register(all);
        EmitNBits.register(all);
        EmitNorms.register(all);
        EmitRotary.register(all);
        EmitAttention.register(all);
        EmitAttentionScores.register(all);
        EmitVision.register(all);
        EmitRouting.register(all);
        EmitSelection.register(all);
        return all;
    }

    void put(Class<? extends OpKind> kind, OpEmitter emitter) {
        byKind.put(kind, emitter);
    }

    /** The emitter of a node's kind; {@link InputException} when there is none. */
    OpEmitter of(Node node) {
        OpEmitter emitter = byKind.computeIfAbsent(node.kind().getClass(), PluginOps::find);
        if (emitter == null) {
            String where = node.location().toString();
            if (node.kind() instanceof Segment || node.kind() instanceof ModCombineScore) {
                throw new InputException("the pass " + (node.kind() instanceof Segment ? "cut-segments" : "fuse-combine")
                        + " is for engines, which convert --target tensorrt makes by itself; leave it out of the pipeline");
            }
            if (node.kind() instanceof Lowerable) {
                throw new InputException((where.isEmpty() ? "" : where + ": ") + "op '" + node.kind().mnemonic() + "' of " + Origin.of(node.kind().getClass())
                        + " has not been lowered; run the pass lower-mod behind the one that puts it in");
            }
            throw new InputException((where.isEmpty() ? "" : where + ": ") + "op '" + node.kind().mnemonic()
                    + "' of " + Origin.of(node.kind().getClass()) + " has no ONNX form; expected a kind that says how it is lowered (Lowerable), or one whose jar has an OnnxOp for it");
        }
        return emitter;
    }
}
