// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.skip;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.Lowering;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.builtin.allocate.FirstPrompt;
import io.github.depthc.passes.builtin.allocate.Rehearsal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Looks at a prompt in a routed layer: which tokens the layer skips, and what it would have added to them, had it processed all. */
final class SkipProbe implements AutoCloseable {
    private final int layer;
    private final Executor.Program program;

    /**
     * What was seen of a prompt.
     *
     * @param normed  the layer's normed input {@code [tokens, d]}, row by row
     * @param added   what the dense layer adds to its input, of the same size
     * @param skipped the numbers of the tokens that are skipped
     */
    record Seen(float[] normed, float[] added, int[] skipped) {
    }

    private SkipProbe(int layer, Executor.Program program) {
        this.layer = layer;
        this.program = program;
    }

    /**
     * Of a layer.
     *
     * @param part has the layer, and takes hidden states as embeddings
     * @return empty if the layer has no norm of its input, which a skip path reads
     */
    static Optional<SkipProbe> of(Model part, int layer, PassContext context) {
        Node routed = part.layers().stream().filter(n -> n.kind() instanceof ModLayer m && m.index() == layer).findFirst().orElseThrow();
        Value x = routed.region().param(Layer.HIDDEN);
        return routed.region().nodes().stream().filter(n -> n.kind() instanceof RmsNorm && n.operand(0) == x).findFirst()
                .map(norm -> new SkipProbe(layer, context.executor().compile(graph(part.graph(), routed, norm.result(0)), part.weights())));
    }

    /** Yields the layer's input, that normed, the output of the dense layer, and the indices of the tokens that the layer keeps. */
    private static Region graph(Region part, Node routed, Value norm) {
        var b = new RegionBuilder();
        b.copyParams(part);
        for (Node node : part.nodes().subList(0, part.nodes().indexOf(routed))) {
            b.copy(node);
        }
        Region body = routed.region();
        b.map(body.params(), b.values(routed.operands().subList(0, Layer.OPERANDS)));
        Value dense = b.inline(body).getFirst();
        Value combined = b.copy(routed).result(0);
        Region flat = Lowering.of(b.build(List.of(b.value(routed.operand(Layer.HIDDEN)), b.value(norm), dense, combined)));
        var wanted = new ArrayList<>(flat.yields().subList(0, 3));
        wanted.add(flat.nodes().stream().filter(n -> n.kind() instanceof ModSelect s && s.index() == ((ModLayer) routed.kind()).index()).findFirst().orElseThrow()
                .result(0));
        return FirstPrompt.of(flat, wanted);
    }

    /**
     * Runs a prompt.
     *
     * @throws InputException if it makes a NaN or an infinity
     */
    Seen see(Rehearsal.Prompt prompt) {
        int tokens = prompt.candidates().length;
        List<HostTensor> out = program.run(FirstPrompt.inputs(prompt.hidden(), prompt.candidates()));
        float[] before = out.get(0).floats();
        float[] normed = out.get(1).floats();
        float[] added = out.get(2).floats();
        for (int i = 0; i < added.length; i++) {
            added[i] -= before[i];
            if (!Float.isFinite(added[i]) || !Float.isFinite(normed[i])) {
                throw Rehearsal.unmeasurable(prompt.number(), "layer " + layer + " makes a NaN or an infinity of it");
            }
        }
        var kept = new boolean[tokens];
        for (long k : out.get(3).longs()) {
            kept[(int) k] = true;
        }
        return new Seen(normed, added, IntStream.range(0, tokens).filter(i -> !kept[i]).toArray());
    }

    @Override
    public void close() {
        program.close();
    }
}
