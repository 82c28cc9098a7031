// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import java.util.List;
import java.util.Optional;

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
                context.remark(Diagnostic.remark(Location.of("layer " + (source + options.earlier())), "goes by its own attention: there "
                        + (options.earlier() == 1 ? "is no layer" : "are no " + options.earlier() + " layers") + " before it"));
                return own;
            }
            return Optional.of(new Scorer.Scored(new Routing.Score.Given(options.earlier(), options.observers()),
                    List.of(HandedOn.attention(site.builder(), layers.get(source), options.observers()))));
        };
    }
}
