// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModCombineScore;
import io.github.depthc.ir.mod.ModGate;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.CachePositions;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.EmbeddingNBits;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.RotaryFrequencies;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.Segment;
import io.github.depthc.ir.op.Weight;
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
    final Map<Value, Tokens> rows = new IdentityHashMap<>();
    /** Of a selection's indices, each token's place among the kept ones, or −1; none where every token is kept. */
    final Map<Value, DeviceTensor> inverses = new IdentityHashMap<>();
    private final Map<Dim, Integer> sizes = new HashMap<>();
    StepListener listener;

    /**
     * Some of the tokens.
     *
     * @param offsets  of each row's first token
     * @param sequence sequence index of each
     * @param keep     of a decode step, which rows' tokens are kept; null for all
     */
    record Tokens(DeviceTensor offsets, DeviceTensor sequence, DeviceTensor keep) {
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
                    rows.put(p, new Tokens(offsets, sequence, null));
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
            case EmbeddingNBits e -> embedding(e, node);
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

    private void embedding(EmbeddingNBits kind, Node node) {
        if (node.operand(1).tensor().dtype() != DType.I8) {
            throw new InputException("the table of " + node + " has codes of " + node.operand(1).type() + ", expected two's complement, i8, as depthc convert writes them; convert the model again");
        }
        device.gatherNBits(kind, weight(node.operand(1), DType.I8), weight(node.operand(2), device.rowType()), in(node, 0), out(node, 0));
    }

    private void segment(Segment kind, Node node) {
        List<DeviceTensor> inputs = node.operands().stream().map(tensors::get).toList();
        List<DeviceTensor> outputs = node.results().stream().map(r -> out(node, r.index())).toList();
        if (outputs.getFirst().rows() > 0) {
            device.segment(kind.index(), inputs, outputs);
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
        DeviceTensor inverse = inverses.get(node.operand(1));
        if (inverse == null) {
            tensors.put(node.result(0), in(node, 2));
        } else {
            device.combine(in(node, 0), inverse, in(node, 2), null, out(node, 0));
        }
    }

    private void combineScore(ModCombineScore kind, Node node) {
        DeviceTensor inverse = inverses.get(node.operand(1));
        boolean scored = node.results().size() > 1;
        if (inverse == null) { // every token is kept, and nobody asks for scores
            tensors.put(node.result(0), in(node, 2));
            if (scored) {
                out(node, 1);
            }
            return;
        }
        DeviceTensor gate = kind.gated() ? in(node, ModCombineScore.GATE) : null;
        if (scored) {
            List<DeviceTensor> weights = node.operands().subList(kind.weightsAt(), node.operands().size()).stream().map(w -> weight(w, DType.F32)).toList();
            device.combineScore(in(node, 0), inverse, in(node, 2), gate, out(node, 0), weights, out(node, 1));
        } else {
            device.combine(in(node, 0), inverse, in(node, 2), gate, out(node, 0));
        }
    }

    final void scored(ModScore kind, Node node) {
        device.score(kind, in(node, 0), node.operands().stream().skip(1).map(w -> weight(w, DType.F32)).toList(), out(node, 0));
    }

    final void gated(ModGate kind, Node node) {
        device.gate(kind.gate(), rows(node.operand(2)), in(node, 0), in(node, 1), out(node, 0));
    }

    /** From which position on a token has the frequencies of long sequences. */
    abstract long longFrom(RotaryFrequencies frequencies);

    abstract DeviceTensor cachePositions(Node node);

    abstract void attention(Attention kind, Node node);

    abstract void attentionReceived(AttentionReceived kind, Node node);

    abstract void score(ModScore kind, Node node);

    abstract void gate(ModGate kind, Node node);

    abstract void select(ModSelect kind, Node node);

    abstract void gather(Node node);

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
        Tokens state = rows.get(value);
        return new Device.Rows(state.offsets(), state.sequence());
    }

    final DeviceTensor weight(Value value, DType as) {
        return device.weight(((Weight) ((Result) value).node().kind()).expr(), as);
    }
}
