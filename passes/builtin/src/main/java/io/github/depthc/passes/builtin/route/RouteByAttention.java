// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.OptionException;
import io.github.depthc.passes.api.PassSpec;

/** The tokens that receive most attention in the layer from the last tokens of the prompt, the observation window. */
public final class RouteByAttention extends Chooser<RouteByAttention.Options> {
    /**
     * Options.
     *
     * @param observers tokens at the end of the prompt whose attention counts
     * @param recent    candidates at the end of the prompt that are kept before others, as far as the ratio goes
     */
    public record Options(@Doc("tokens at the end of the prompt whose attention counts") int observers,
            @Doc("candidates at the end that are kept before others") int recent) {
        public Options {
            if (observers < 1) {
                throw new OptionException("observers", "observers is " + observers + ", expected at least 1");
            }
            if (recent < 0) {
                throw new OptionException("recent", "recent is " + recent + ", expected 0 or more");
            }
        }
    }

    @Override
    public PassSpec<RouteByAttention.Options> spec() {
        return new PassSpec<>("route-by-attention", "let routed layers keep the tokens that the end of the prompt attends to", new Options(32, 32));
    }

    @Override
    Routing.Selection selection(RouteByAttention.Options options, double ratio) {
        return options.recent() == 0 ? new Routing.Selection.TopK(ratio) : new Routing.Selection.RecentTopK(ratio, options.recent());
    }

    @Override
    Routing.Score score(Options options) {
        return new Routing.Score.AttentionReceived(options.observers());
    }
}
