// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModCombineScore;
import io.github.depthc.ir.mod.ModGate;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.CachePositions;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.RotaryFrequencies;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.Segment;
import io.github.depthc.ir.op.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Walks the steps of a plan once, over one prompt or over one new token for each row, and starts each on the device.
 *
 * <p>A decode step computes every row in every layer, whether the layer routes steps or not, so that sizes are known beforehand and the
 * step can be recorded: a token that a layer skips is computed and discarded, and not appended to its cache.
 */
abstract class PlanRun {
    final Plan plan;
    final Device device;
    final MemoryLayout layout;
    final long base;
    final Map<Value, DeviceTensor> tensors = new IdentityHashMap<>();
    final Map<Value, RowsState> rows = new IdentityHashMap<>();
    private final Map<Dim, Integer> sizes = new HashMap<>();
    StepListener listener;

    /**
     * Some of the tokens.
     *
     * @param offsets  of each row's first token
     * @param sequence sequence index of each; null until it is asked for
     * @param keep     of a decode step, which rows' tokens are kept; null for all
     */
    static final class RowsState {
        final DeviceTensor offsets;
        DeviceTensor sequence;
        final DeviceTensor keep;

        RowsState(DeviceTensor offsets, DeviceTensor sequence, DeviceTensor keep) {
            this.offsets = offsets;
            this.sequence = sequence;
            this.keep = keep;
        }
    }

    PlanRun(Plan plan, Device device, MemoryLayout layout, long base, int rowCount, int tokens, int outputs) {
        this.plan = plan;
        this.device = device;
        this.layout = layout;
        this.base = base;
        var offsets = new DeviceTensor(base + layout.rowOffsets(), DType.I32, rowCount + 1, 1);
        var sequence = new DeviceTensor(base + layout.sequenceIndex(), DType.I32, tokens, 1);
        for (Param p : plan.model().graph().params()) {
            switch (p.type()) {
                case TensorType t -> {
                    int n = p.name().equals(GraphNames.LOGITS_AT) ? outputs : tokens;
                    sizes.put(t.dim(0), n);
                    tensors.put(p, new DeviceTensor(base + layout.offset(p), plan.dtype(p), n, MemoryLayout.width(p)));
                }
                case RowsType r -> {
                    sizes.put(r.tokens(), tokens);
                    rows.put(p, new RowsState(offsets, sequence, null));
                }
                case CacheType c -> { }
            }
        }
    }

    /**
     * Runs all steps; gives what the first yield is.
     *
     * @param listener looks on; null where nobody does
     */
    DeviceTensor run(StepListener listener) {
        this.listener = listener;
        for (int i = 0; i < plan.steps().size(); i++) {
            Node node = plan.steps().get(i);
            step(node);
            if (listener != null) {
                listener.done(i, node, node.results().stream().map(tensors::get).filter(Objects::nonNull).toList());
            }
        }
        return tensors.get(plan.model().graph().yields().getFirst());
    }

    private void step(Node node) {
        switch (node.kind()) {
            case Weight w -> { }
            case Segment s -> segment(s, node);
            case Embedding e -> device.gather(weight(node.operand(1), plan.dtype(node.result(0))), in(node, 0), out(node, 0));
            case RotaryTable r -> rotaryTable(r, node);
            case CachePositions c -> tensors.put(node.result(0), cachePositions(node));
            case Attention a -> attention(a, node);
            case AttentionReceived a -> attentionReceived(a, node);
            case ModScore s -> score(s, node);
            case ModGate g -> gate(g, node);
            case ModSelect s -> select(s, node);
            case ModGather g -> gather(node);
            case GatherRows g -> gather(node);
            case ModCombine c -> combine(node);
            case ModCombineScore c -> combineScore(c, node);
            default -> throw new IllegalStateException("no step: " + node);
        }
    }

    private void segment(Segment kind, Node node) {
        List<DeviceTensor> inputs = node.operands().stream().map(tensors::get).toList();
        List<DeviceTensor> outputs = node.results().stream().map(r -> out(node, r.index())).toList();
        if (outputs.getFirst().rows() > 0) {
            device.segment(kind.index(), isPrompt(), inputs, outputs);
        }
    }

    private void rotaryTable(RotaryTable kind, Node node) {
        var frequencies = RotaryFrequencies.of(kind.rotary());
        DeviceTensor positions = in(node, 0);
        DeviceTensor cos = out(node, 0);
        DeviceTensor sin = out(node, 1);
        if (positions.rows() > 0) {
            device.rotaryTable(positions, frequencies.inverse(), frequencies.longInverse(), longFrom(frequencies), frequencies.attentionFactor(), cos, sin);
        }
    }

    private void combine(Node node) {
        Selection selected = selection(node.operand(1));
        if (selected == null) {
            tensors.put(node.result(0), in(node, 2));
        } else {
            device.combine(in(node, 0), selected.inverse, in(node, 2), null, out(node, 0));
        }
    }

    private void combineScore(ModCombineScore kind, Node node) {
        Selection selected = selection(node.operand(1));
        boolean scored = node.results().size() > 1;
        if (selected == null) { // every token is kept, and nobody asks for scores
            tensors.put(node.result(0), in(node, 2));
            if (scored) {
                out(node, 1);
            }
            return;
        }
        DeviceTensor gate = kind.gated() ? in(node, ModCombineScore.GATE) : null;
        if (scored) {
            List<DeviceTensor> weights = node.operands().subList(kind.weightsAt(), node.operands().size()).stream().map(w -> weight(w, DType.F32)).toList();
            device.combineScore(in(node, 0), selected.inverse, in(node, 2), gate, out(node, 0), weights, out(node, 1));
        } else {
            device.combine(in(node, 0), selected.inverse, in(node, 2), gate, out(node, 0));
        }
    }

    final void scored(ModScore kind, Node node) {
        device.score(kind, in(node, 0), node.operands().stream().skip(1).map(w -> weight(w, DType.F32)).toList(), out(node, 0));
    }

    final void gated(ModGate kind, Node node) {
        device.gate(kind.gate(), rows(node.operand(2)), in(node, 0), in(node, 1), out(node, 0));
    }

    /** What a selection chose; null for all tokens. */
    record Selection(DeviceTensor inverse) {
    }

    abstract boolean isPrompt();

    /** From which position on a token has the frequencies of long sequences. */
    abstract long longFrom(RotaryFrequencies frequencies);

    abstract DeviceTensor cachePositions(Node node);

    abstract void attention(Attention kind, Node node);

    abstract void attentionReceived(AttentionReceived kind, Node node);

    abstract void score(ModScore kind, Node node);

    abstract void gate(ModGate kind, Node node);

    abstract void select(ModSelect kind, Node node);

    abstract void gather(Node node);

    abstract Selection selection(Value indices);

    final DeviceTensor in(Node node, int operand) {
        return tensors.get(node.operand(operand));
    }

    /** The place of a result, as large as its dimension is now. */
    final DeviceTensor out(Node node, int result) {
        Value value = node.result(result);
        var tensor = new DeviceTensor(address(value), plan.dtype(value), size(value), MemoryLayout.width(value));
        tensors.put(value, tensor);
        return tensor;
    }

    long address(Value value) {
        return base + layout.offset(value);
    }

    final void size(Dim dim, int size) {
        sizes.put(dim, size);
    }

    private int size(Value value) {
        return switch (value.tensor().dim(0)) {
            case Dim.Fixed(long size) -> (int) size;
            case Dim.Symbol s -> sizes.get(s);
        };
    }

    final Device.Rows rows(Value value) {
        RowsState state = rows.get(value);
        return new Device.Rows(state.offsets, state.sequence);
    }

    final DeviceTensor weight(Value value, DType as) {
        return device.weight(((Weight) ((io.github.depthc.ir.Result) value).node().kind()).expr(), as);
    }

    /** One prompt in an empty slot. */
    static final class Prompt extends PlanRun {
        private final PlanSlot slot;
        private final int tokens;
        private final int candidates;
        private final Map<Integer, int[]> kept;
        private final Map<Value, Selection> selections = new IdentityHashMap<>();

        /**
         * @param candidates how many tokens may be skipped
         * @param kept       gets the kept tokens of each routed layer; null where nobody asks
         */
        Prompt(Plan plan, Device device, MemoryLayout layout, long base, PlanSlot slot, int tokens, int outputs, int candidates, Map<Integer, int[]> kept) {
            super(plan, device, layout, base, 1, tokens, outputs);
            this.slot = slot;
            this.tokens = tokens;
            this.candidates = candidates;
            this.kept = kept;
        }

        @Override
        boolean isPrompt() {
            return true;
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
            return new DeviceTensor(base + layout.sequenceIndex(), DType.I32, count(rows.get(node.operand(0))), 1);
        }

        private final Map<RowsState, Integer> counts = new IdentityHashMap<>();

        private int count(RowsState state) {
            return counts.getOrDefault(state, tokens);
        }

        @Override
        void attention(Attention kind, Node node) {
            int layer = plan.layer(node);
            RowsState queries = rows.get(node.operand(Attention.QUERY_ROWS));
            RowsState keys = rows.get(node.operand(Attention.QUERY_ROWS + 1));
            DeviceTensor k = cached(in(node, 1), slot.keys(layer));
            DeviceTensor v = cached(in(node, 2), slot.values(layer));
            boolean indexed = plan.caches().get(layer).indexed();
            boolean byIndex = queries != keys || kind.window() > 0;
            DeviceTensor out = out(node, 0);
            if (out.rows() > 0) {
                device.attention(kind, in(node, 0), k, v, byIndex ? sequence(queries) : null, byIndex ? sequence(keys) : null, out);
            }
            if (indexed && k.rows() > 0) {
                device.copy(sequence(keys).address(), slot.indices(layer), (long) k.rows() * Integer.BYTES);
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

        private DeviceTensor sequence(RowsState state) {
            if (state.sequence.rows() != count(state)) {
                throw new IllegalStateException("sequence indices of other tokens");
            }
            return state.sequence;
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
            var state = new RowsState(keptOffsets, sequence, null);
            counts.put(state, count);
            rows.put(node.result(1), state);
            selections.put(node.result(0), new Selection(inverse));
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

        @Override
        Selection selection(Value indices) {
            return selections.get(indices);
        }
    }

    /** One new token for each row. */
    static final class Step extends PlanRun {
        private final List<LayerCaches> caches;
        private final boolean routed;
        private final int rowCount;
        private final Map<Value, Selection> selections = new IdentityHashMap<>();

        /**
         * @param caches  of each layer
         * @param routed  whether layers route decode steps
         */
        Step(Plan plan, Device device, MemoryLayout layout, long base, List<LayerCaches> caches, int rowCount, boolean routed) {
            super(plan, device, layout, base, rowCount, rowCount, rowCount);
            this.caches = caches;
            this.routed = routed;
            this.rowCount = rowCount;
        }

        @Override
        boolean isPrompt() {
            return false;
        }

        /** The new token is the last of its row, whose length is one more than its position. */
        @Override
        long longFrom(RotaryFrequencies frequencies) {
            return frequencies.switchLength();
        }

        @Override
        DeviceTensor cachePositions(Node node) {
            DeviceTensor out = out(node, 0);
            DeviceTensor lengths = caches.get(layer(node.operand(1))).lengths();
            device.copy(lengths.address(), out.address(), out.bytes());
            return out;
        }

        private static int layer(Value cache) {
            return Integer.parseInt(cache.name().substring(GraphNames.cache(0).length() - 1));
        }

        @Override
        void attention(Attention kind, Node node) {
            LayerCaches cache = caches.get(plan.layer(node));
            RowsState keys = rows.get(node.operand(Attention.QUERY_ROWS + 1));
            DeviceTensor sequence = keys.sequence;
            device.append(cache, in(node, 1), in(node, 2), sequence, keys.keep);
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
            RowsState all = rows.get(node.operand(0));
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
            rows.put(node.result(1), new RowsState(all.offsets, all.sequence, mask));
            selections.put(node.result(0), new Selection(inverse));
        }

        /** All rows are computed, so that what is gathered is what there is. */
        @Override
        void gather(Node node) {
            tensors.put(node.result(0), in(node, 0));
        }

        @Override
        Selection selection(Value indices) {
            return selections.get(indices);
        }
    }
}
