// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.op.Attention;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Attention by the standard operator with a mask written out: any runtime has it, the queries may be some of the new tokens,
 * and windows may count distances in sequences that have gaps.
 *
 * <p>A row's result is bit-equal alone and in a batch. Three things see to that: a row's cached and new keys stand together
 * without a gap, so that only zeros follow them; there are at least {@link #MIN_QUERIES} query places, because one query alone
 * is multiplied by another kernel; and the number of keys is rounded up to a multiple of {@link #KEY_MULTIPLE}, so that no
 * processor's kernels compute a row's last keys by another loop.
 */
final class MaskedAttention {
    static final int KEY_MULTIPLE = 16;
    private static final int MIN_QUERIES = 2;
    /** Axis of the slots in a cache {@code [rows, kvHeads, capacity, headDim]}. */
    private static final int SLOT_AXIS = 2;

    private final EmitAttention.Operands o;
    private final EmitContext c;
    private final Attention a;
    /** Keys and values of the cache with the new ones in it; empty where those are put together here. */
    private final List<String> present;

    MaskedAttention(EmitAttention.Operands o, EmitContext c) {
        this(o, c, List.of());
    }

    private MaskedAttention(EmitAttention.Operands o, EmitContext c, List<String> present) {
        this.o = o;
        this.c = c;
        this.a = o.kind();
        this.present = present;
    }

    /**
     * Writes new keys and values into the past's own buffers, whose capacity is a multiple of {@link #KEY_MULTIPLE}, and gives
     * these names to them; the attention over them is to follow. ScatterND copies nothing from a buffer to itself.
     */
    static MaskedAttention inPlace(EmitAttention.Operands o, EmitContext c, GraphWriter g, List<String> present) {
        var form = new MaskedAttention(o, c, present);
        RowsLayout rows = o.keys();
        String places = form.places(g, rows, form.slot(g));
        g.op("ScatterND", o.cache().pastKey(), places, form.newHeads(g, o.k())).outputs(present.getFirst());
        g.op("ScatterND", o.cache().pastValue(), places, form.newHeads(g, o.v())).outputs(present.getLast());
        return form;
    }

    /** The slot that each new token goes to, {@code [m]}. */
    private String slot(GraphWriter g) {
        return g.add(g.gather(c.caches().lengths(o.cache()), o.keys().rowOf(), 0), o.keys().indexInRow());
    }

    private String newHeads(GraphWriter g, String entries) {
        return g.reshape(entries, 0, a.kvHeads(), a.headDim());
    }

    /**
     * What queries are compared with: keys and values {@code [B, kvHeads, T, headDim]}, the index of each slot
     * {@code [B or 1, T]} in its sequence or in the cache, and whether it is filled, BOOL {@code [B, T]}.
     */
    private record Slots(String keys, String values, String index, String filled) {
    }

    /** Writes the nodes; the only output is the result. */
    void write(GraphWriter g, List<String> outputs) {
        RowsLayout.Padding pad = o.queries().padded(MIN_QUERIES, 1);
        Slots slots = o.cache() == null ? newOnly(g) : withCache(g);
        String q = heads(g, g.gather(o.q(), pad.tokens(), 0), a.heads());
        String mask = g.unsqueeze(mask(g, pad, slots), 1);
        GraphWriter.Call call = g.op("Attention", q, slots.keys(), slots.values(), mask).with("scale", (float) a.scale());
        if (a.softcap() > 0) {
            call.with("softcap", (float) a.softcap());
        }
        String y = g.transpose(call.to("attended"), 0, 2, 1, 3);
        g.op("Gather", g.reshape(y, -1, (long) a.heads() * a.headDim()), pad.places()).with("axis", 0).outputs(outputs.getFirst());
    }

    /** True if queries and keys are compared by sequence index; else their order in the cache is enough, or they are not compared. */
    private boolean bySequence() {
        return a.causal() && !o.self() && o.slotIsIndex() || a.window() > 0 && !o.slotIsIndex();
    }

    /** {@code [B, n, heads · headDim]} as {@code [B, heads, n, headDim]}. */
    private String heads(GraphWriter g, String x, int heads) {
        return g.transpose(g.reshape(x, 0, 0, heads, a.headDim()), 0, 2, 1, 3);
    }

    private Slots newOnly(GraphWriter g) {
        RowsLayout.Padding pad = o.keys().padded(0, KEY_MULTIPLE);
        String keys = heads(g, g.gather(o.k(), pad.tokens(), 0), a.kvHeads());
        String values = heads(g, g.gather(o.v(), pad.tokens(), 0), a.kvHeads());
        String index = bySequence() ? g.gather(o.keys().sequenceIndex(), pad.tokens(), 0) : g.unsqueeze(pad.columns(), 0);
        return new Slots(keys, values, index, pad.valid());
    }

    private Slots withCache(GraphWriter g) {
        RowsLayout rows = o.keys();
        String lengths = c.caches().lengths(o.cache());
        String totals = g.add(lengths, rows.counts());
        String count = RowsLayout.roundUp(g, g.op("ReduceMax", totals).with("keepdims", 1).to("total"), KEY_MULTIPLE);
        String range = g.range(count);
        String index = g.unsqueeze(range, 0);
        String filled = g.op("Less", range, g.unsqueeze(totals, 1)).to("filled");
        if (!present.isEmpty()) {
            return new Slots(first(g, present.getFirst(), SLOT_AXIS, count), first(g, present.getLast(), SLOT_AXIS, count), index, filled);
        }
        String past = g.op("ReduceMax", lengths).with("keepdims", 1).to("past");
        String slot = slot(g);
        String places = places(g, rows, slot);
        String keys = extended(g, o.cache().pastKey(), SLOT_AXIS, past, count, places, newHeads(g, o.k()));
        String values = extended(g, o.cache().pastValue(), SLOT_AXIS, past, count, places, newHeads(g, o.v()));
        if (bySequence() && o.cache().indexed()) {
            String place = g.op("Concat", g.unsqueeze(rows.rowOf(), 1), g.unsqueeze(slot, 1)).with("axis", 1).to("place");
            index = extended(g, o.cache().pastIndex(), 1, past, count, place, rows.sequenceIndex());
        }
        return new Slots(keys, values, index, filled);
    }

    private static String first(GraphWriter g, String buffer, int axis, String count) {
        return g.op("Slice", buffer, g.i64s(0), count, g.i64s(axis)).to("first");
    }

    /** The filled part of a past input, made {@code count} slots long, with new entries at their places. */
    private static String extended(GraphWriter g, String past, int axis, String from, String count, String places, String entries) {
        String filled = first(g, past, axis, from);
        String pads = g.op("Concat", g.i64s(0), g.sub(count, from)).with("axis", 0).to("pads");
        String buffer = g.op("Pad", filled, pads, "", g.i64s(axis)).to("buffer");
        return g.op("ScatterND", buffer, places, entries).to("extended");
    }

    /** Where each new token's heads go: (row, head, slot), {@code [m, kvHeads, 3]}. */
    private String places(GraphWriter g, RowsLayout rows, String slot) {
        long[] heads = LongStream.range(0, a.kvHeads()).toArray();
        String perHead = g.i64s(1, a.kvHeads(), 1);
        String row = g.op("Expand", g.unsqueeze(rows.rowOf(), 1, 2), perHead).to("place_row");
        String at = g.op("Expand", g.unsqueeze(slot, 1, 2), perHead).to("place_slot");
        String head = g.op("Expand", g.unsqueeze(g.i64s(heads), 0, 2), g.op("Shape", row).to("shape")).to("place_head");
        return g.op("Concat", row, head, at).with("axis", 2).to("places");
    }

    /** BOOL {@code [B or 1, queries, slots]}. */
    private String mask(GraphWriter g, RowsLayout.Padding pad, Slots slots) {
        if (!a.causal()) {
            String shape = g.op("Concat", g.i64s(1), pad.width(), g.i64s(1)).with("axis", 0).to("mask_shape");
            return g.op("Expand", g.unsqueeze(slots.filled(), 1), shape).to("seen");
        }
        String query;
        if (bySequence()) {
            query = g.gather(o.queries().sequenceIndex(), pad.tokens(), 0);
        } else if (!o.self()) {
            String places = o.cache() == null ? o.keys().indexInRow() : slot(g);
            query = g.gather(g.gather(places, o.queries().placesIn(o.keys()), 0), pad.tokens(), 0);
        } else if (o.cache() == null) {
            query = g.unsqueeze(pad.columns(), 0);
        } else {
            query = g.add(g.unsqueeze(c.caches().lengths(o.cache()), 1), pad.columns());
        }
        String distance = g.sub(g.unsqueeze(query, 2), g.unsqueeze(slots.index(), 1));
        String seen = g.op("GreaterOrEqual", distance, g.i64(0)).to("seen");
        if (a.window() > 0) {
            seen = g.op("And", seen, g.op("Less", distance, g.i64(a.window())).to("near")).to("seen");
        }
        // In cache order a slot that is not filled comes after every query, and needs no test of its own.
        return bySequence() ? g.op("And", seen, g.unsqueeze(slots.filled(), 1)).to("seen") : seen;
    }
}
