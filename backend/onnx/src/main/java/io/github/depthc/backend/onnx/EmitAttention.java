// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.GraphProto;
import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.backend.onnx.proto.TypeProto;
import io.github.depthc.backend.onnx.proto.ValueInfoProto;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.CachePositions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/** Attention: chooses the form, and guards it where there may be no token at all. */
final class EmitAttention {
    private EmitAttention() {
    }

    static void register(OpEmitters emitters) {
        emitters.put(Attention.class, EmitAttention::attention);
        emitters.put(CachePositions.class, EmitAttention::cachePositions);
    }

    /**
     * An attention node's operands.
     *
     * @param cache null when there is none
     */
    record Operands(Attention kind, String q, String k, String v, RowsLayout queries, RowsLayout keys, CacheTable.Entry cache) {
        /** True if the queries are the tokens whose keys are appended. */
        boolean self() {
            return queries == keys;
        }

        /** True if cached entries are a row's tokens without gaps, so that a slot is a sequence index. */
        boolean slotIsIndex() {
            return !keys.mayBeEmpty();
        }
    }

    private static void attention(Node node, EmitContext c) {
        var o = new Operands((Attention) node.kind(), c.in(node, 0), c.in(node, 1), c.in(node, 2), c.rows(node, 3), c.rows(node, 4),
                node.operands().size() == 6 ? c.caches().of(node.operand(5)) : null);
        GraphWriter g = c.g();
        String out = c.out(node);
        if (!c.portable() && GroupQueryAttention.can(o)) {
            var outputs = new ArrayList<>(List.of(out));
            var untouched = new ArrayList<>(List.of(o.q()));
            if (o.cache() != null) {
                outputs.addAll(c.caches().inPlace(o.cache(), o.keys()));
                untouched.addAll(List.of(o.cache().pastKey(), o.cache().pastValue()));
            }
            if (o.self()) {
                guarded(g, o.queries(), outputs, untouched, new GroupQueryAttention(o, c)::write);
            } else {
                byStep(o, c, outputs);
            }
            return;
        }
        if (o.cache() != null && !o.cache().indexed() && !o.slotIsIndex() && o.kind().window() > 0) {
            throw new InputException("attention over routed rows counts distances in the sequence, but %" + node.operand(5).name()
                    + " does not store them; make the cache an indexed one");
        }
        var form = new MaskedAttention(o, c);
        guarded(g, o.queries(), List.of(out), List.of(o.q()), form::write);
        if (o.cache() != null) {
            c.caches().append(o.cache(), o.keys(), node.operand(1).tensor().dim(0), o.k(), o.v());
        }
    }

    /**
     * Queries that are some of the new tokens: in a step of decoding by the one kernel, else by the other. What decides is the
     * same for a row alone and in a batch of which it can be part, because rows behind a past come with one new token each, and
     * because attention of a sequence's first token to itself alone has the same bits in both kernels. Where the caller
     * wants all tokens, the first kernel is taken too: it needs no scores of all pairs at once. It cannot do without any key.
     */
    private static void byStep(Operands o, EmitContext c, List<String> outputs) {
        GraphWriter g = c.g();
        String compact = o.keys().isStep();
        Optional<String> all = o.queries().wantsAll(o.keys());
        if (all.isPresent()) {
            compact = g.op("Or", compact, all.get()).to("compact");
        }
        if (o.keys().mayBeEmpty()) {
            compact = g.op("And", compact, any(o.keys())).to("compact");
        }
        branches(g, compact, outputs, new GroupQueryAttention(o, c)::write, (prompt, names) -> {
            MaskedAttention form = MaskedAttention.inPlace(o, c, prompt, names.subList(1, names.size()));
            guarded(prompt, o.queries(), names.subList(0, 1), List.of(o.q()), form::write);
        });
    }

    /**
     * Nodes that need at least one token: when there may be none they stand in the branch of an {@code If} whose other branch
     * hands inputs through.
     */
    private static void guarded(GraphWriter g, RowsLayout queries, List<String> outputs, List<String> untouched,
            BiConsumer<GraphWriter, List<String>> write) {
        if (!queries.mayBeEmpty()) {
            write.accept(g, outputs);
            return;
        }
        branches(g, any(queries), outputs, write, (none, names) -> {
            for (int i = 0; i < untouched.size(); i++) {
                none.op("Identity", untouched.get(i)).outputs(names.get(i));
            }
        });
    }

    private static String any(RowsLayout rows) {
        return rows.once("any", () -> rows.g.op("Greater", rows.tokenCount(), rows.g.i64s(0)).to("any_token"));
    }

    /**
     * An {@code If} with these outputs. In-place caches survive it: a branch's output is allocated as the {@code If}'s own, that
     * is in the pinned buffer, and an Identity copies nothing from a buffer to itself.
     */
    private static void branches(GraphWriter g, String condition, List<String> outputs, BiConsumer<GraphWriter, List<String>> yes,
            BiConsumer<GraphWriter, List<String>> no) {
        g.op("If", condition).with("then_branch", branch(g, "then", outputs, yes)).with("else_branch", branch(g, "else", outputs, no))
                .outputs(outputs.toArray(String[]::new));
    }

    private static GraphProto branch(GraphWriter g, String name, List<String> outputs, BiConsumer<GraphWriter, List<String>> write) {
        GraphWriter branch = g.branch();
        List<String> names = outputs.stream().map(o -> g.unique(o + "." + name)).toList();
        write.accept(branch, names);
        return branch.branchGraph(name, floats(names));
    }

    private static ValueInfoProto[] floats(List<String> names) {
        return names.stream().map(n -> ValueInfoProto.newBuilder().setName(n).setType(TypeProto.newBuilder().setTensorType(
                TypeProto.Tensor.newBuilder().setElemType(DataType.FLOAT.getNumber()))).build()).toArray(ValueInfoProto[]::new);
    }

    private static void cachePositions(Node node, EmitContext c) {
        GraphWriter g = c.g();
        RowsLayout rows = c.rows(node, 0);
        if (node.operands().size() == 1) {
            g.op("Identity", rows.indexInRow()).outputs(c.out(node));
            return;
        }
        String lengths = c.caches().lengths(c.caches().of(node.operand(1)));
        g.op("Add", g.gather(lengths, rows.rowOf(), 0), rows.indexInRow()).outputs(c.out(node));
    }
}
