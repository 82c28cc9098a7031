// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModGate;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.RotaryFrequencies;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;

/** One prompt in an empty slot. */
final class PromptRun extends PlanRun {
    private final PlanSlot slot;
    private final int tokens;
    private final int candidates;
    private final Map<Integer, int[]> kept;

    /**
     * @param candidates how many tokens may be skipped
     * @param kept       gets the kept tokens of each routed layer; null where nobody asks
     */
    PromptRun(Plan plan, Device device, MemoryLayout layout, long base, PlanSlot slot, int tokens, int outputs, int candidates, Map<Integer, int[]> kept) {
        super(plan, device, layout, base, 1, tokens, outputs);
        this.slot = slot;
        this.tokens = tokens;
        this.candidates = candidates;
        this.kept = kept;
    }

    /** All tokens go by the length of the whole prompt. */
    @Override
    long longFrom(RotaryFrequencies frequencies) {
        return tokens > frequencies.switchLength() ? 0 : Long.MAX_VALUE;
    }

    @Override
    long address(Value value) {
        MemoryLayout.InCache cache = layout.inCache(value);
        if (cache == null) {
            return super.address(value);
        }
        return cache.key() ? slot.keys(cache.layer()) : slot.values(cache.layer());
    }

    /** The caches are empty, so that tokens are numbered from 0, as those of the whole prompt are. */
    @Override
    DeviceTensor cachePositions(Node node) {
        return new DeviceTensor(base + layout.sequenceIndex(), DType.I32, rows.get(node.operand(0)).sequence().rows(), 1);
    }

    @Override
    void attention(Attention kind, Node node) {
        int layer = plan.layer(node.operand(Attention.CACHE));
        Tokens queries = rows.get(node.operand(Attention.QUERY_ROWS));
        Tokens keys = rows.get(node.operand(Attention.QUERY_ROWS + 1));
        DeviceTensor k = cached(in(node, 1), slot.keys(layer));
        DeviceTensor v = cached(in(node, 2), slot.values(layer));
        boolean indexed = plan.caches().get(layer).indexed();
        boolean byIndex = BundlePlan.AttentionForm.of(node).byIndex();
        DeviceTensor out = out(node, 0);
        if (out.rows() > 0) {
            device.attention(kind, in(node, 0), k, v, byIndex ? queries.sequence() : null, byIndex ? keys.sequence() : null, out);
        }
        if (indexed && k.rows() > 0) {
            device.copy(keys.sequence().address(), slot.indices(layer), (long) k.rows() * Integer.BYTES);
        }
        slot.lengths[layer] = k.rows();
    }

    /** Entries that were made elsewhere are copied. */
    private DeviceTensor cached(DeviceTensor made, long place) {
        if (made.address() == place) {
            return made;
        }
        device.copy(made.address(), place, made.bytes());
        return new DeviceTensor(place, made.dtype(), made.rows(), made.width());
    }

    @Override
    void attentionReceived(AttentionReceived kind, Node node) {
        device.attentionReceived(kind, in(node, 0), in(node, 1), out(node, 0));
    }

    @Override
    void score(ModScore kind, Node node) {
        scored(kind, node);
    }

    @Override
    void gate(ModGate kind, Node node) {
        gated(kind, node);
    }

    @Override
    void select(ModSelect kind, Node node) {
        MemoryLayout.Selected places = layout.selected(node);
        var mask = new DeviceTensor(base + places.mask(), DType.U8, tokens, 1);
        var rowKept = new DeviceTensor(base + places.rowKept(), DType.I32, 1, 1);
        var keptOffsets = new DeviceTensor(base + places.keptOffsets(), DType.I32, 2, 1);
        var inverse = new DeviceTensor(base + places.inverse(), DType.I32, tokens, 1);
        Device.Rows all = rows(node.operand(0));
        device.select(kind.selection(), kind.index(), all, in(node, 1), kind.selection().needsScore() ? in(node, 2) : null, mask, rowKept);
        int[] forced = listener == null ? null : listener.keep(kind.index());
        if (forced != null) {
            force(forced, mask, rowKept);
        }
        int count = forced != null ? forced.length : kind.selection() instanceof Routing.Selection.Threshold && candidates > 0 ? readInt(rowKept)
                : tokens - candidates + (int) Routing.Selection.kept(candidates, kind.selection().ratio());
        size(Dim.of(kind.kept()), count);
        DeviceTensor indices = out(node, 0);
        device.compact(all, mask, rowKept, indices, keptOffsets, inverse);
        var sequence = new DeviceTensor(base + places.sequenceIndex(), DType.I32, count, 1);
        if (count > 0) {
            device.gather(all.sequenceIndex(), indices, sequence);
        }
        rows.put(node.result(1), new Tokens(keptOffsets, sequence, null));
        inverses.put(node.result(0), inverse);
        if (kept != null) {
            kept.put(kind.index(), readInts(indices));
        }
    }

    /** Waits until it is there, since the source goes away. */
    private void force(int[] indices, DeviceTensor mask, DeviceTensor rowKept) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flags = arena.allocate(mask.bytes());
            for (int i : indices) {
                flags.set(ValueLayout.JAVA_BYTE, i, (byte) 1);
            }
            device.upload(flags, mask);
            device.upload(arena.allocateFrom(ValueLayout.JAVA_INT, indices.length), rowKept);
            device.download(rowKept, arena.allocate(rowKept.bytes(), Integer.BYTES));
        }
    }

    private int readInt(DeviceTensor one) {
        return readInts(one)[0];
    }

    private int[] readInts(DeviceTensor from) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(Math.max(1, from.bytes()), Integer.BYTES);
            if (from.rows() > 0) {
                device.download(from, host);
            }
            return host.asSlice(0, from.bytes()).toArray(ValueLayout.JAVA_INT);
        }
    }

    @Override
    void gather(Node node) {
        DeviceTensor indices = in(node, 1);
        DeviceTensor out = out(node, 0);
        if (indices.rows() > 0) {
            device.gather(in(node, 0), indices, out);
        }
    }

    /** Of each layer how many tokens the device itself counted for its cache, read from the device's memory after the run. */
    int[] entriesOnDevice() {
        int[] entries = new int[plan.caches().size()];
        for (Node node : plan.steps()) {
            if (node.kind() instanceof Attention) {
                entries[plan.layer(node.operand(Attention.CACHE))] = readInts(rows.get(node.operand(Attention.QUERY_ROWS + 1)).offsets())[1];
            }
        }
        return entries;
    }
}
