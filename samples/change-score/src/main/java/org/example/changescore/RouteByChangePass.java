// SPDX-License-Identifier: Apache-2.0
package org.example.changescore;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
import java.util.List;

/**
 * Turns the selected layers into Mixture-of-Depths layers that keep the tokens which the layer before changed most: a token that has settled
 * may skip. A token that a routed layer skipped has not changed there, so among routed layers in a row it goes on being skipped.
 */
public final class RouteByChangePass implements Pass<RouteByChangePass.Options> {
    /**
     * Options.
     *
     * @param measure of the change
     */
    public record Options(@Doc("how the change of a token is measured") ChangeScore.Measure measure) {
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("route-by-change", "turn the selected layers into layers that keep the tokens the layer before changed most",
                new Options(ChangeScore.Measure.DIRECTION));
    }

    @Override
    public Outcome run(Model model, Options options, PassContext context) {
        List<Node> layers = model.layers();
        if (layers.stream().noneMatch(RouteByChangePass::isSelected)) {
            return new Outcome.NotApplicable("no layer is selected; put select-by-change or select-layers before this pass");
        }
        return Rewriter.graph(model).apply(context, "layers routed by change", site -> {
            if (!isSelected(site.node())) {
                return;
            }
            int at = layers.indexOf(site.node());
            if (at == 0) {
                context.remark(Diagnostic.warning(site.node().location(), "the first layer stays dense: no layer before it could have changed a token"));
                return;
            }
            Layer layer = (Layer) site.node().kind();
            Value before = site.value(layers.get(at - 1).operand(Layer.HIDDEN));
            Value score = site.builder().add("score", new ChangeScore(options.measure()), site.operand(Layer.HIDDEN), before);
            site.route(routing(layer.ratio()), score);
        });
    }

    private static boolean isSelected(Node node) {
        return node.kind() instanceof Layer layer && layer.selected();
    }

    /** The given score decides which tokens are kept; it scales nothing. */
    private static Routing routing(double ratio) {
        return Routing.plain(ratio).withScore(new Routing.Score.Given()).withSelection(new Routing.Selection.TopK(ratio));
    }
}
