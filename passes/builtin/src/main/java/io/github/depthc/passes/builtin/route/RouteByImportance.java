// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.OptionException;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tokens that a linear router says matter most. Its weights are fitted in closed form: ridge regression, on calibration samples run
 * through the dense model, from the hidden state that goes into the layer (as p-MoD's router reads it) to the logarithm of a signal of
 * what skipping the token would harm, both less their means over the sample, because only tokens of one prompt are compared.
 *
 * <p>With W observers, the last tokens of the sample, token t has the signal {@code a(t)} (attention that it receives in the layer from
 * the observers, summed over these and averaged over heads), {@code u(t)} (the Euclidean norm of what the layer adds to it), or
 * {@code a(t) · u(t)}. Fitted to are tokens before the observers that may be skipped.
 */
public final class RouteByImportance extends Chooser<RouteByImportance.Options> {
    /** What the router predicts. */
    public enum Signal {
        /** Attention received from the observers. */
        ATTENTION,
        /** Norm of the layer's update. */
        UPDATE,
        /** The product of both. */
        ATTENDED_UPDATE
    }

    /**
     * Options.
     *
     * @param signal    what the router predicts
     * @param observers tokens at the end of a calibration sample whose attention counts
     * @param ridge     of the regression, as a share of the variance of each number of the hidden state
     * @param recent    candidates at the end of the prompt that are kept before others, as far as the ratio goes
     */
    public record Options(@Doc("what the router predicts of a token: the attention that it receives from the observers, the norm of the layer's update, or their product") Signal signal,
            @Doc("tokens at the end of a calibration sample whose attention counts") int observers,
            @Doc("ridge of the regression, as a share of the variance of each number of the hidden state") double ridge,
            @Doc("candidates at the end that are kept before others") int recent) {
        public Options {
            requireAtLeast(1, "observers", observers);
            requireAtLeast(0, "recent", recent);
            if (!(ridge > 0 && Double.isFinite(ridge))) {
                throw new OptionException("ridge", "ridge is " + ridge + ", expected more than 0");
            }
        }
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("route-by-importance", "let routed layers keep the tokens that a linear router, fitted to calibration data, says matter most",
                new Options(Signal.ATTENDED_UPDATE, 32, 0.01, 0));
    }

    @Override
    Routing.Selection selection(Options options, double ratio) {
        return largest(ratio, options.recent());
    }

    @Override
    Scorer scorer(Model model, Options options, PassContext context) {
        List<Node> layers = model.layers();
        Map<Integer, float[]> routers = RouterFit.of(model, options, context);
        return site -> {
            float[] w = routers.get(layers.indexOf(site.node()));
            return Optional.of(new Scorer.Scored(new Routing.Score.Linear(false),
                    List.of(site.builder().add("router", new Weight(WeightExpr.Inline.of(w, 1, w.length))))));
        };
    }
}
