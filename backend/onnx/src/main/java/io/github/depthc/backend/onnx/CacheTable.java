// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.backend.onnx.proto.ValueInfoProto;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Value;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** The layers' caches: their inputs, who writes them, and how long they are afterwards. */
final class CacheTable {
    private static final Dim ROWS = Dim.of("rows");

    private final GraphWriter g;
    private final List<Entry> entries = new ArrayList<>();
    private final Map<Value, Entry> byParam = new IdentityHashMap<>();
    private final Map<RowsLayout, Memo> byRows = new IdentityHashMap<>();
    private final Memo asRow = new Memo();
    private final List<ValueInfoProto> inputs = new ArrayList<>();
    private final List<ValueInfoProto> outputs = new ArrayList<>();

    /** One layer's cache. */
    static final class Entry {
        private final CacheType type;
        private final int layer;
        private final int index;
        private CacheMode mode = CacheMode.APPEND;
        private RowsLayout appended;
        private String lengths;

        private Entry(CacheType type, int layer, int index) {
            this.type = type;
            this.layer = layer;
            this.index = index;
        }

        /** Whether each entry's sequence index is stored. */
        boolean indexed() {
            return type.indexed();
        }

        String pastKey() {
            return OnnxNames.pastKey(layer);
        }

        String pastValue() {
            return OnnxNames.pastValue(layer);
        }

        String pastIndex() {
            return OnnxNames.pastIndex(layer);
        }

        private Dim[] shape() {
            return new Dim[] {ROWS, Dim.of(type.kvHeads()), Dim.of("capacity." + layer), Dim.of(type.headDim())};
        }
    }

    CacheTable(GraphWriter g) {
        this.g = g;
    }

    /** Takes a cache parameter. */
    void add(Param param) {
        if (entries.isEmpty()) {
            g.reserve(OnnxNames.CACHE_LENGTHS);
            g.reserve(OnnxNames.PRESENT_LENGTHS);
        }
        Entry e = new Entry((CacheType) param.type(), layer(param), entries.size());
        entries.add(e);
        byParam.put(param, e);
        for (String name : List.of(e.pastKey(), e.pastValue(), e.pastIndex(), OnnxNames.presentKey(e.layer), OnnxNames.presentValue(e.layer),
                OnnxNames.newKey(e.layer), OnnxNames.newValue(e.layer), OnnxNames.newIndex(e.layer))) {
            g.reserve(name);
        }
    }

    /** The layer's number, by a cache parameter's name; {@link InputException} if it has none. */
    static int layer(Param param) {
        String prefix = GraphNames.cache(0).substring(0, GraphNames.cache(0).length() - 1);
        try {
            if (param.name().startsWith(prefix)) {
                return Integer.parseUnsignedInt(param.name().substring(prefix.length()));
            }
        } catch (NumberFormatException e) {
            // Reported below, as any other wrong name is.
        }
        throw new InputException("the cache parameter %" + param.name() + " is named otherwise than " + prefix
                + "N, N being the layer's number; name it so");
    }

    /** True if the graph is a decoder: it has caches. */
    boolean any() {
        return !entries.isEmpty();
    }

    /** The cache of a value; {@link InputException} unless it is a parameter. */
    Entry of(Value value) {
        Entry e = byParam.get(value);
        if (e == null) {
            throw new InputException("the cache %" + value.name() + " has been appended to, and is read again; expected a cache parameter, "
                    + "since a layer's cache can be appended to once");
        }
        return e;
    }

    private void claim(Entry e, RowsLayout rows) {
        if (e.appended != null) {
            throw new InputException("two attentions append to the cache of layer " + e.layer + ", expected one");
        }
        e.appended = rows;
        inputs.add(OnnxTypes.info(e.pastKey(), DType.F32, e.shape()));
        inputs.add(OnnxTypes.info(e.pastValue(), DType.F32, e.shape()));
        if (e.indexed()) {
            inputs.add(OnnxTypes.info(e.pastIndex(), DType.I64, ROWS, Dim.of("capacity." + e.layer)));
        }
    }

    /** A cache's length before this call, I64 {@code [B]}. */
    String lengths(Entry e) {
        if (e.lengths == null) {
            e.lengths = g.gather(OnnxNames.CACHE_LENGTHS, g.i64(e.index), 0);
        }
        return e.lengths;
    }

    /**
     * Each row's last slot after these tokens are appended, I32 {@code [B]}. A row without tokens counts as one with one: the
     * kernel knows no empty rows, and what it writes for it lies behind the row's end.
     */
    String lastSlots(Entry e, RowsLayout rows) {
        Memo memo = byRows.computeIfAbsent(rows, r -> new Memo());
        String all = memo.once("lastSlots", () -> g.cast(g.sub(totals(rows), g.i64(1)), DataType.INT32));
        return g.gather(all, g.i64(e.index), 0);
    }

    /** The longest row's length after these tokens are appended, I32 scalar. */
    String longest(Entry e, RowsLayout rows) {
        Memo memo = byRows.computeIfAbsent(rows, r -> new Memo());
        String all = memo.once("longest", () -> g.cast(g.reduce("ReduceMax", totals(rows), 1), DataType.INT32));
        return g.gather(all, g.i64(e.index), 0);
    }

    /** For all layers at once, so that a step of decoding has few small nodes. */
    private String totals(RowsLayout rows) {
        return byRows.computeIfAbsent(rows, r -> new Memo()).once("totals",
                () -> g.add(OnnxNames.CACHE_LENGTHS, rows.mayBeEmpty() ? g.op("Max", rows.counts(), g.i64(1)).to("max") : rows.counts()));
    }

    /** These tokens are written into the past's own buffers; gives the names of the outputs that are those buffers. */
    List<String> inPlace(Entry e, RowsLayout rows) {
        claim(e, rows);
        e.mode = CacheMode.IN_PLACE;
        List<String> names = List.of(OnnxNames.presentKey(e.layer), OnnxNames.presentValue(e.layer));
        for (String name : names) {
            outputs.add(OnnxTypes.info(name, DType.F32, e.shape()));
        }
        return names;
    }

    /** These tokens' keys and values go out for the caller to append. */
    void append(Entry e, RowsLayout rows, Dim tokens, String keys, String values) {
        claim(e, rows);
        appended(e, tokens, keys, values);
        if (e.indexed()) {
            appendedIndex(e, tokens, rows.sequenceIndex());
        }
    }

    private void appended(Entry e, Dim tokens, String keys, String values) {
        Dim width = Dim.of((long) e.type.kvHeads() * e.type.headDim());
        g.op("Identity", keys).outputs(OnnxNames.newKey(e.layer));
        g.op("Identity", values).outputs(OnnxNames.newValue(e.layer));
        outputs.add(OnnxTypes.info(OnnxNames.newKey(e.layer), DType.F32, tokens, width));
        outputs.add(OnnxTypes.info(OnnxNames.newValue(e.layer), DType.F32, tokens, width));
    }

    private void appendedIndex(Entry e, Dim tokens, String index) {
        g.op("Identity", index).outputs(OnnxNames.newIndex(e.layer));
        outputs.add(OnnxTypes.info(OnnxNames.newIndex(e.layer), DType.I64, tokens));
    }

    /** Writes the lengths after this call; {@code rowLengths} are those of the model's input. */
    void finish(String rowLengths) {
        String none = null;
        var counts = new ArrayList<String>();
        for (Entry e : entries) {
            if (e.appended == null) {
                // A layer without attention: nothing is ever cached.
                none = none == null ? g.mul(rowLengths, g.i64(0)) : none;
                String empty = g.f32s(new float[0], 0, (long) e.type.kvHeads() * e.type.headDim());
                appended(e, Dim.of(0), empty, empty);
                if (e.indexed()) {
                    appendedIndex(e, Dim.of(0), g.i64s());
                }
                counts.add(none);
            } else {
                counts.add(e.appended.counts());
            }
        }
        String added = counts.stream().distinct().count() == 1 ? counts.getFirst()
                : g.op("Concat", counts.stream().map(this::asRow).toArray(String[]::new)).with("axis", 0).to("added");
        g.op("Add", OnnxNames.CACHE_LENGTHS, added).outputs(OnnxNames.PRESENT_LENGTHS);
    }

    private String asRow(String counts) {
        return asRow.once(counts, () -> g.unsqueeze(counts, 0));
    }

    private Dim layers() {
        return Dim.of(entries.size());
    }

    /** The graph's inputs, in order. */
    List<ValueInfoProto> inputs() {
        var all = new ArrayList<ValueInfoProto>();
        all.add(OnnxTypes.info(OnnxNames.CACHE_LENGTHS, DType.I64, layers(), ROWS));
        all.addAll(inputs);
        return all;
    }

    /** The graph's outputs, in order. */
    List<ValueInfoProto> outputs() {
        var all = new ArrayList<ValueInfoProto>();
        all.add(OnnxTypes.info(OnnxNames.PRESENT_LENGTHS, DType.I64, layers(), ROWS));
        all.addAll(outputs);
        return all;
    }

    /** How each cache is taken, in order. */
    List<EmittedCache> emitted() {
        return entries.stream().map(e -> new EmittedCache(e.layer, e.mode, e.type.kvHeads(), e.type.headDim(), e.type.indexed())).toList();
    }
}
