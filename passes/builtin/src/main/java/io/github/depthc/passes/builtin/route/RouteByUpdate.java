// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import java.util.List;
import java.util.Optional;

/**
 * The tokens that the layer before changed most: a token that has settled may skip. A token that a routed layer skipped is not changed by
 * it, so that it goes on being skipped in the next one. The first layer has none before it and keeps the choice it has.
 */
public final class RouteByUpdate extends Chooser<RouteByUpdate.Options> {
    /** Of a token that is zero, the direction is zero too and not NaN. */
    private static final double EPSILON = 1e-12;

    /** How an update is measured. */
    public enum Measure {
        /** {@code mean((after − before)²)}, in the order of its norm. */
        NORM,
        /** {@code 2 − 2 · cos(after, before)}: lengths do not count. */
        COSINE
    }

    /**
     * Options.
     *
     * @param measure of the update
     * @param recent  candidates at the end of the prompt that are kept before others, as far as the ratio goes
     */
    public record Options(@Doc("of the update: the order of its norm, or of the cosine distance between before and after") Measure measure,
            @Doc("candidates at the end that are kept before others") int recent) {
        public Options {
            requireAtLeast(0, "recent", recent);
        }
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("route-by-update", "let routed layers keep the tokens that the layer before changed most", new Options(Measure.NORM, 0));
    }

    @Override
    Routing.Selection selection(Options options, double ratio) {
        return largest(ratio, options.recent());
    }

    @Override
    Scorer scorer(Model model, Options options, PassContext context) {
        List<Node> layers = model.layers();
        return site -> {
            int at = layers.indexOf(site.node());
            if (at == 0) {
                context.remark(Diagnostic.warning(Location.of("layer 0"), "keeps the choice it has: no layer before it could have changed a token"));
                return Optional.empty();
            }
            Value before = site.value(layers.get(at - 1).operand(Layer.HIDDEN));
            return Optional.of(Scorer.Scored.given(score(site.builder(), options.measure(), site.operand(Layer.HIDDEN), before)));
        };
    }

    /** In ops that every backend has. */
    private static Value score(RegionBuilder b, Measure measure, Value after, Value before) {
        long d = after.tensor().lastSize();
        Value update = switch (measure) {
            case NORM -> b.add("update", new Binary.Sub(), after, before);
            case COSINE -> {
                // with a root mean square of one, mean((a − b)²) is 2 − 2 · mean(a · b)
                Value one = filled(b, "one", 1, d);
                var direction = new RmsNorm(EPSILON, false, 1);
                yield b.add("update", new Binary.Sub(), b.add("direction_after", direction, after, one), b.add("direction_before", direction, before, one));
            }
        };
        Value squares = b.add("squares", new Binary.Mul(), update, update);
        return b.add("score", new ModScore(new Routing.Score.Linear(false)), squares, filled(b, "mean", 1.0 / d, 1, d));
    }

    private static Value filled(RegionBuilder b, String name, double value, long... shape) {
        return b.add(name, new Weight(WeightExpr.Inline.filled(value, shape)));
    }
}
