// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Slices;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The tokens that receive most attention from the last tokens of the prompt, the observation window: in the layer itself, or in an
 * earlier one, which hands its scores on.
 *
 * <p>Scores that are handed on are computed from the earlier layer's queries and keys over all tokens. A dense layer has these anyway,
 * and {@code cse} leaves them once; a routed one does not, and they are computed from the hidden states that go into it, of tokens that
 * it skips too. So every token has a score whatever the earlier layer is.
 */
public final class RouteByAttention extends Chooser<RouteByAttention.Options> {
    /**
     * Options.
     *
     * @param observers tokens at the end of the prompt whose attention counts
     * @param recent    candidates at the end of the prompt that are kept before others, as far as the ratio goes
     * @param earlier   by how many layers the layer whose attention counts comes before; 0 for the layer's own. A layer that has
     *                  not so many before it goes by its own
     */
    public record Options(@Doc("tokens at the end of the prompt whose attention counts") int observers,
            @Doc("candidates at the end that are kept before others") int recent,
            @Doc("how many layers before the layer itself the attention is taken from; 0 for its own") int earlier) {
        public Options {
            requireAtLeast(1, "observers", observers);
            requireAtLeast(0, "recent", recent);
            requireAtLeast(0, "earlier", earlier);
        }
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("route-by-attention", "let routed layers keep the tokens that the end of the prompt attends to", new Options(32, 32, 0));
    }

    @Override
    Routing.Selection selection(Options options, double ratio) {
        return largest(ratio, options.recent());
    }

    @Override
    Scorer scorer(Model model, Options options, PassContext context) {
        var own = Optional.of(new Scorer.Scored(new Routing.Score.AttentionReceived(options.observers())));
        List<Node> layers = model.layers();
        return site -> {
            if (options.earlier() == 0) {
                return own;
            }
            int source = layers.indexOf(site.node()) - options.earlier();
            if (source < 0) {
                context.remark(Diagnostic.remark(Location.of("layer " + (source + options.earlier())), "goes by its own attention: there is no layer "
                        + options.earlier() + " before it"));
                return own;
            }
            return Optional.of(Scorer.Scored.given(received(site, layers.get(source), source, options.observers())));
        };
    }

    /** Attention received in an earlier layer, from queries and keys computed as in its body. */
    private static Value received(Rewriter.Site site, Node layer, int index, int observers) {
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
        RegionBuilder b = site.builder();
        for (int i = 0; i < Layer.CACHE; i++) {
            b.map(body.param(i), site.value(layer.operand(i)));
        }
        body.nodes().stream().filter(needed::contains).forEach(b::copy);
        var a = (Attention) attention.kind();
        return b.add("score", new AttentionReceived(a.heads(), a.kvHeads(), a.headDim(), a.scale(), a.softcap(), observers, a.causal()),
                b.value(attention.operand(0)), b.value(attention.operand(1)), b.value(body.param(Layer.ROWS)));
    }
}
