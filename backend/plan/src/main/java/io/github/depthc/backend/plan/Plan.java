// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.backend.onnx.EngineForm;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
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
import io.github.depthc.ir.op.EmbeddingNBits;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.Segment;
import io.github.depthc.ir.op.Weight;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A decoder that has been cut into segments, and the element types that its values have on a device. */
public final class Plan {
    /** Elements of a head that a decode step's attention, and scores by attention, take at most: {@code MAX_HEAD_DIM} of their kernels. */
    static final int MOST_HEAD_DIM = 256;
    /** Elements of a table's row that {@code gather_nbits} computes with one scale, at most: its {@code VECTOR} of 16 bits. */
    private static final int BLOCK_UNIT = 8;

    private final Model model;
    private final EngineForm form;

    private Plan(Model model, DType rowType) {
        this.model = model;
        this.form = EngineForm.of(model.graph(), rowType);
    }

    /**
     * The plan of a model.
     *
     * @param cut     lowered, fused and cut into segments
     * @param rowType element type of hidden states: F32, BF16 or F16
     * @throws InputException for an encoder, for op kinds that are no step of a plan, and for what a decode step cannot do, heads that are too large and blocks that are too small for its kernels too
     */
    public static Plan of(Model cut, DType rowType) {
        if (cut.encoder()) {
            throw new InputException(cut.info().name() + " is an encoder; segments and kernels are for decoders, which have caches");
        }
        boolean routedSteps = cut.graph().nodes().stream().anyMatch(n -> n.kind() instanceof ModSelect s && s.selection() instanceof Routing.Selection.Threshold);
        for (Node node : cut.graph().nodes()) {
            check(node, routedSteps);
        }
        return new Plan(cut, rowType);
    }

    private static void check(Node node, boolean routedSteps) {
        boolean known = switch (node.kind()) {
            case Weight w -> true;
            case Segment s -> true;
            case Attention a -> {
                requireHeads(node, a.headDim());
                yield node.operands().size() > Attention.CACHE;
            }
            case AttentionReceived a -> {
                requireHeads(node, a.headDim());
                if (routedSteps) {
                    throw new InputException(node.location() + ": scores by attention cannot decide about single tokens, which a threshold asks for in decode steps");
                }
                yield true;
            }
            case ModScore s -> true;
            case ModGate g -> true;
            case ModSelect s -> true;
            case ModGather g -> true;
            case ModCombine c -> true;
            case ModCombineScore c -> true;
            case CachePositions c -> true;
            case RotaryTable r -> true;
            case Embedding e -> true;
            case EmbeddingNBits e -> {
                requireBlocks(node, e.block());
                yield true;
            }
            case GatherRows g -> node.result(0).type() instanceof TensorType;
            default -> false;
        };
        if (!known) {
            throw new InputException("the op '" + node.kind().mnemonic() + "' of " + node.location() + " is no step of a plan; expected a model as the passes "
                    + "lower-mod, cse, dce, fuse-combine and cut-segments make it");
        }
    }

    private static void requireHeads(Node node, int headDim) {
        if (headDim > MOST_HEAD_DIM) {
            throw new InputException(node.location() + ": has heads of " + headDim + " elements, expected at most " + MOST_HEAD_DIM + ", which the attention kernels of decode steps take; --form single, one engine graph, has no such kernels");
        }
    }

    private static void requireBlocks(Node node, int block) {
        if (block % BLOCK_UNIT != 0) {
            throw new InputException(node.location() + ": has a table in blocks of " + block + " elements, expected a multiple of " + BLOCK_UNIT + ", which the kernel gather_nbits takes; "
                    + "quantize in blocks of 32, 64 or 128");
        }
    }

    /** The model, cut. */
    public Model model() {
        return model;
    }

    /** Element type of hidden states. */
    public DType rowType() {
        return form.rowType();
    }

    /** The steps, in order; weights stand among them. */
    public List<Node> steps() {
        return model.graph().nodes();
    }

    /** The nodes of the segments, in order. */
    public List<Node> segments() {
        return model.nodes(Segment.class);
    }

    /** Element type of a tensor value on the device: integers are I32, flags U8. */
    public DType dtype(Value value) {
        return switch (value.tensor().dtype()) {
            case I64 -> DType.I32;
            case BOOL -> DType.U8;
            case F32 -> form.ofFloats(value);
            case DType other -> other;
        };
    }

    /** The layer that a cache is of. */
    int layer(Value cache) {
        return Integer.parseInt(cache.name().substring(GraphNames.cache(0).length() - 1));
    }

    /** The cache that each layer has, in order. */
    List<CacheType> caches() {
        return model.graph().params().stream().filter(p -> p.type() instanceof CacheType).map(p -> (CacheType) p.type()).toList();
    }

    /** Values that are read by steps after which nothing else reads them: the last reader of each. */
    Map<Value, Node> lastReaders() {
        Map<Value, Node> last = new IdentityHashMap<>();
        for (Node node : steps()) {
            node.operands().forEach(v -> last.put(v, node));
        }
        Set<Value> yields = Collections.newSetFromMap(new IdentityHashMap<>());
        yields.addAll(model.graph().yields());
        last.keySet().removeIf(yields::contains);
        return last;
    }
}
