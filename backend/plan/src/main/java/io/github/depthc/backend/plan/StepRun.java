// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.mod.ModGate;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.RotaryFrequencies;
import java.util.List;

/** One new token for each row. */
final class StepRun extends PlanRun {
    private final List<LayerCaches> caches;
    private final boolean routed;
    private final int rowCount;

    /**
     * @param caches  of each layer
     * @param routed  whether layers route decode steps
     */
    StepRun(Plan plan, Device device, MemoryLayout layout, long base, List<LayerCaches> caches, int rowCount, boolean routed) {
        super(plan, device, layout, base, rowCount, rowCount, rowCount);
        this.caches = caches;
        this.routed = routed;
        this.rowCount = rowCount;
    }

    /** The new token is the last of its row, whose length is one more than its position. */
    @Override
    long longFrom(RotaryFrequencies frequencies) {
        return frequencies.switchLength();
    }

    @Override
    DeviceTensor cachePositions(Node node) {
        DeviceTensor out = out(node, 0);
        DeviceTensor lengths = caches.get(plan.layer(node.operand(1))).lengths();
        device.copy(lengths.address(), out.address(), out.bytes());
        return out;
    }

    @Override
    void attention(Attention kind, Node node) {
        LayerCaches cache = caches.get(plan.layer(node.operand(Attention.CACHE)));
        Tokens keys = rows.get(node.operand(Attention.QUERY_ROWS + 1));
        DeviceTensor sequence = keys.sequence();
        device.append(cache, in(node, 1), in(node, 2), sequence, keys.keep());
        device.attend(kind, cache, in(node, 0), sequence, out(node, 0));
    }

    @Override
    void attentionReceived(AttentionReceived kind, Node node) {
        out(node, 0); // a step that is not routed asks for no scores
    }

    @Override
    void score(ModScore kind, Node node) {
        if (routed) {
            scored(kind, node);
        } else {
            out(node, 0);
        }
    }

    @Override
    void gate(ModGate kind, Node node) {
        if (routed) {
            gated(kind, node);
        } else {
            device.fill(out(node, 0), 1);
        }
    }

    @Override
    void select(ModSelect kind, Node node) {
        size(Dim.of(kind.kept()), rowCount);
        Tokens all = rows.get(node.operand(0));
        if (!routed) {
            rows.put(node.result(1), all);
            return;
        }
        MemoryLayout.Selected places = layout.selected(node);
        var mask = new DeviceTensor(base + places.mask(), DType.U8, rowCount, 1);
        var inverse = new DeviceTensor(base + places.inverse(), DType.I32, rowCount, 1);
        device.select(kind.selection(), kind.index(), rows(node.operand(0)), in(node, 1), kind.selection().needsScore() ? in(node, 2) : null, mask,
                new DeviceTensor(base + places.rowKept(), DType.I32, rowCount, 1));
        device.keepInPlace(mask, inverse);
        rows.put(node.result(1), new Tokens(all.offsets(), all.sequence(), mask));
        inverses.put(node.result(0), inverse);
    }

    /** All rows are computed, so that what is gathered is what there is. */
    @Override
    void gather(Node node) {
        tensors.put(node.result(0), in(node, 0));
    }

}
