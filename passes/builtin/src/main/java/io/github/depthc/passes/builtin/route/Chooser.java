// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.OptionException;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Rewriter;
import io.github.depthc.passes.builtin.DenseLayers;
import java.util.ArrayList;
import java.util.Optional;

/**
 * A pass that gives every routed layer a way to choose its tokens, in the place of the one it has. Ratio, candidates, skip path and
 * what becomes of skipped keys and values stay; there is no gate afterwards, for one is trained with its router.
 *
 * @param <O> the options
 */
abstract class Chooser<O extends Record> implements Pass<O> {
    /** How a layer of this ratio chooses. */
    abstract Routing.Selection selection(O options, double ratio);

    /** What the choices in this model go by. */
    Scorer scorer(Model model, O options, PassContext context) {
        return Scorer.NONE;
    }

    /** The candidates of the largest score, after the last {@code recent} of them. */
    static Routing.Selection largest(double ratio, int recent) {
        return recent == 0 ? new Routing.Selection.TopK(ratio) : new Routing.Selection.RecentTopK(ratio, recent);
    }

    /** Options that are numbers have a least value. */
    static void requireAtLeast(int least, String option, int value) {
        if (value < least) {
            throw new OptionException(option, option + " is " + value + ", expected " + (least == 0 ? "0 or more" : "at least " + least));
        }
    }

    @Override
    public final Outcome run(Model model, O options, PassContext context) {
        Optional<Outcome.NotApplicable> lowered = DenseLayers.lowered(model);
        if (lowered.isPresent()) {
            return lowered.get();
        }
        if (!model.routed()) {
            return new Outcome.NotApplicable("no layer is routed; put convert-to-mod before this pass");
        }
        for (Node node : model.layers()) {
            if (node.kind() instanceof ModLayer layer && layer.routing().selection() instanceof Routing.Selection.Threshold) {
                throw new InputException("layer " + layer.index() + " keeps tokens by a threshold, which has no ratio to choose by; expected a layer with a ratio");
            }
        }
        Scorer scorer = scorer(model, options, context);
        return Rewriter.graph(model).apply(context, "layers given another choice", site -> {
            if (site.node().kind() instanceof ModLayer layer) {
                scorer.of(site).ifPresent(scored -> choose(site, layer, scored, options));
            }
        });
    }

    private void choose(Rewriter.Site site, ModLayer layer, Scorer.Scored scored, O options) {
        var kind = new ModLayer(layer.index(), chosen(layer.routing(), scored.score(), options));
        if (!kind.equals(layer) || !scored.operands().isEmpty()) {
            var operands = new ArrayList<Value>(site.operands().subList(0, ModLayer.SCORE));
            operands.addAll(scored.operands());
            operands.addAll(site.operands().subList(firstOfSkipPath(site.node(), layer), site.node().operands().size()));
            site.replaceKind(kind, operands);
        }
    }

    private Routing chosen(Routing r, Routing.Score score, O options) {
        Routing.SkipPath skip = r.skip() instanceof Routing.SkipPath.Gated ? new Routing.SkipPath.Identity() : r.skip();
        // from no gate and no score at all, so that each step is a routing that makes sense
        return r.withSkip(skip).withGate(new Routing.Gate.One()).withSelection(new Routing.Selection.EvenlySpaced(r.selection().ratio()))
                .withScore(score).withSelection(selection(options, r.selection().ratio()));
    }

    private static int firstOfSkipPath(Node node, ModLayer layer) {
        return node.operands().size() - (layer.routing().skip() instanceof Routing.SkipPath.Linear ? ModLayer.SKIP_WEIGHTS : 0);
    }
}
