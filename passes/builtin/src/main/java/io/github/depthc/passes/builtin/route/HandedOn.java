// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Slices;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.Layer;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** Scores that a layer hands on to later ones. */
public final class HandedOn {
    private HandedOn() {
    }

    /**
     * Adds what computes the attention that each token receives in a layer from the last tokens of the prompt, from the layer's queries
     * and keys over all tokens, computed as in its body.
     *
     * @param b     a copy of the layer's graph, as far as what goes into the layer
     * @param layer dense or routed, of the graph that is copied
     * @return {@code f32[tokens]}
     * @throws InputException if the layer has no attention, or one that is computed from its cache
     */
    public static Value attention(RegionBuilder b, Node layer, int observers) {
        int index = ((DecoderLayer) layer.kind()).index();
        Region body = layer.region();
        Node attention = body.nodes().stream().filter(n -> n.kind() instanceof Attention).findFirst().orElseThrow(
                () -> new InputException("layer " + index + " has no attention to hand on"));
        Set<Node> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        Slices.backward(attention.operand(0), needed);
        Slices.backward(attention.operand(1), needed);
        if (needed.stream().anyMatch(n -> n.operands().contains(body.param(Layer.CACHE)))) {
            throw new InputException("layer " + index + " computes its queries or keys from its cache, which only the layer itself can read; "
                    + "expected to hand on what is computed from hidden states");
        }
        for (int i = 0; i < Layer.CACHE; i++) {
            b.map(body.param(i), b.value(layer.operand(i)));
        }
        body.nodes().stream().filter(needed::contains).forEach(b::copy);
        var a = (Attention) attention.kind();
        return b.add("score", new AttentionReceived(a.heads(), a.kvHeads(), a.headDim(), a.scale(), a.softcap(), observers, a.causal()),
                b.value(attention.operand(0)), b.value(attention.operand(1)), b.value(body.param(Layer.ROWS)));
    }
}
