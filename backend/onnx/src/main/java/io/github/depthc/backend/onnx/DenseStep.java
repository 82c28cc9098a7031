// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModGate;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.Binary;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * What a flat graph computes for a token that is no candidate, as in decode steps that are not routed: it is kept in every layer, and its gate
 * is one. Scores, gates and selections are gone.
 */
final class DenseStep {
    private final RegionBuilder b = new RegionBuilder();
    /** Values of the flat graph that are one. */
    private final Set<Value> gates = Collections.newSetFromMap(new IdentityHashMap<>());

    private DenseStep() {
    }

    static Region of(Region flat) {
        return new DenseStep().write(flat);
    }

    private Region write(Region flat) {
        b.copyParams(flat);
        for (Node node : flat.nodes()) {
            switch (node.kind()) {
                case ModGate k -> gates.add(node.result(0));
                case ModSelect k -> b.map(node.result(1), b.value(node.operand(0)));
                case ModGather k -> same(node, 0);
                case ModCombine k -> b.map(node.result(0), b.value(node.operand(2)));
                case Binary.Mul k when gates.contains(node.operand(1)) -> same(node, 0);
                default -> {
                    for (Value operand : node.operands()) {
                        if (!b.has(operand)) {
                            throw new InputException("op '" + node.kind().mnemonic() + "' reads %" + operand.name()
                                    + ", a gate or a selection; one engine graph has none in decode steps; use --form segments");
                        }
                    }
                    b.copy(node);
                }
            }
        }
        return b.build(b.values(flat.yields()));
    }

    /** The node hands its operand through. */
    private void same(Node node, int operand) {
        if (gates.contains(node.operand(operand))) {
            gates.add(node.result(0));
        } else {
            b.map(node.result(0), b.value(node.operand(operand)));
        }
    }
}
