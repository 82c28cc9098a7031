// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModCombineScore;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Weight;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Where a plan's values are in one stretch of memory, for so many tokens at most. In a prompt a value's place is another's when nothing
 * reads it any more, and what a combination makes stands where its input stood; keys and values are made in the caches themselves. In decode
 * steps, where values are small, each has a place of its own.
 */
final class MemoryLayout {
    /** The cache that a prompt's keys or values are made in. */
    record InCache(int layer, boolean key) {
    }

    /** What a selection needs beside its results. */
    record Selected(long mask, long rowKept, long keptOffsets, long inverse, long sequenceIndex) {
    }

    private final Plan plan;
    private final int tokens;
    private final int rows;
    private final int outputs;
    private final Space space = new Space();
    private final Map<Value, Long> offsets = new IdentityHashMap<>();
    private final Map<Value, InCache> inCache = new IdentityHashMap<>();
    private final Map<Node, Selected> selections = new IdentityHashMap<>();
    private final long rowOffsets;
    private final long sequenceIndex;

    private MemoryLayout(Plan plan, int tokens, int rows, int outputs, boolean reuse) {
        this.plan = plan;
        this.tokens = tokens;
        this.rows = rows;
        this.outputs = outputs;
        rowOffsets = space.take((rows + 1L) * Integer.BYTES);
        sequenceIndex = space.take((long) tokens * Integer.BYTES);
        for (Param p : plan.model().graph().params()) {
            if (p.type() instanceof TensorType) {
                offsets.put(p, space.take(bytes(p)));
            }
        }
        for (Node node : plan.steps()) {
            if (node.kind() instanceof ModSelect) {
                selections.put(node, new Selected(space.take(tokens), space.take((long) rows * Integer.BYTES), space.take((rows + 1L) * Integer.BYTES),
                        space.take((long) tokens * Integer.BYTES), space.take((long) tokens * Integer.BYTES)));
            } else if (reuse && node.kind() instanceof Attention && node.operands().size() > Attention.CACHE) {
                made(node.operand(1), new InCache(plan.layer(node.operand(Attention.CACHE)), true));
                made(node.operand(2), new InCache(plan.layer(node.operand(Attention.CACHE)), false));
            }
        }
        place(reuse);
    }

    /** For one prompt. */
    static MemoryLayout ofPrompt(Plan plan, int tokens, int outputs) {
        return new MemoryLayout(plan, tokens, 1, outputs, true);
    }

    /** For decode steps of so many rows. */
    static MemoryLayout ofSteps(Plan plan, int rows) {
        return new MemoryLayout(plan, rows, rows, rows, false);
    }

    private void made(Value value, InCache where) {
        // one that two caches take, or that is given from outside, is copied
        if (value instanceof Result && !inCache.containsKey(value)) {
            inCache.put(value, where);
        }
    }

    private void place(boolean reuse) {
        Map<Value, Node> last = plan.lastReaders();
        Set<Value> owners = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Node node : plan.steps()) {
            boolean combines = node.kind() instanceof ModCombine || node.kind() instanceof ModCombineScore;
            for (Result r : node.results()) {
                if (!(r.type() instanceof TensorType) || node.kind() instanceof Weight || inCache.containsKey(r)) {
                    continue;
                }
                Value x = node.operands().isEmpty() ? null : node.operand(0);
                if (reuse && combines && r.index() == 0 && last.get(x) == node && x instanceof Result && offsets.containsKey(x)) {
                    offsets.put(r, offsets.get(x));
                    last.remove(x); // it is not given back: the result has its place
                } else {
                    offsets.put(r, space.take(bytes(r)));
                }
                owners.add(r);
            }
            if (reuse) {
                node.operands().stream().distinct().filter(v -> last.get(v) == node && owners.contains(v)).forEach(v -> space.give(offsets.get(v), bytes(v)));
            }
        }
    }

    private long bytes(Value value) {
        return most(value) * width(value) * plan.dtype(value).bytes();
    }

    private long most(Value value) {
        return switch (value.tensor().shape().isEmpty() ? Dim.of(1) : value.tensor().dim(0)) {
            case Dim.Fixed(long size) -> size;
            case Dim.Symbol(String name) -> name.equals(outputsDim()) ? outputs : tokens;
        };
    }

    private String outputsDim() {
        Param wanted = plan.model().graph().param(GraphNames.LOGITS_AT);
        return wanted != null && wanted.tensor().dim(0) instanceof Dim.Symbol(String name) ? name : "";
    }

    /** Elements of a value's row. */
    static long width(Value value) {
        TensorType t = value.tensor();
        return t.rank() < 2 ? 1 : t.lastSize();
    }

    /** The most tokens it is for. */
    int tokens() {
        return tokens;
    }

    /** The most results it is for. */
    int outputs() {
        return outputs;
    }

    /** Bytes in all. */
    long bytes() {
        return space.size();
    }

    /** Where the first token of each row is. */
    long rowOffsets() {
        return rowOffsets;
    }

    /** Where each token's index in its sequence is. */
    long sequenceIndex() {
        return sequenceIndex;
    }

    /** The offset of a value that is not made in a cache. */
    long offset(Value value) {
        return offsets.get(value);
    }

    /** The cache that a value is made in; null when it has a place of its own. */
    InCache inCache(Value value) {
        return inCache.get(value);
    }

    /** What a selection needs beside its results. */
    Selected selected(Node select) {
        return selections.get(select);
    }
}
