// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.skip;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.LayerPart;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.Layer;
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
     * @param normed  the normed input {@code [tokens, d]} of what is skipped, the layer or a part of it, row by row
     * @param added   what the dense layer adds to that input, of the same size
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
     * @return empty if no norm reads what goes into the layer or its part, which a skip path needs
     */
    static Optional<SkipProbe> of(Model part, int layer, PassContext context) {
        Node routed = part.layers().stream().filter(n -> n.kind() instanceof ModLayer m && m.index() == layer).findFirst().orElseThrow();
        LayerPart skipped = LayerPart.of(routed.region(), ((ModLayer) routed.kind()).routing().part(), layer);
        return skipped.norm().map(norm -> new SkipProbe(layer, context.executor().compile(graph(part.graph(), routed, skipped, norm), part.weights())));
    }

    /** Yields what goes into the part that is skipped, that normed, what the dense layer has behind the part, and the indices of the tokens that are kept. */
    private static Region graph(Region part, Node routed, LayerPart skipped, Value norm) {
        var b = new RegionBuilder();
        b.copyParams(part);
        for (Node node : part.nodes().subList(0, part.nodes().indexOf(routed))) {
            b.copy(node);
        }
        Region body = routed.region();
        b.map(body.params(), b.values(routed.operands().subList(0, Layer.OPERANDS)));
        b.inline(body);
        Value combined = b.copy(routed).result(0);
        Region flat = Lowering.of(b.build(List.of(b.value(skipped.before()), b.value(norm), b.value(skipped.behind()), combined)));
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
