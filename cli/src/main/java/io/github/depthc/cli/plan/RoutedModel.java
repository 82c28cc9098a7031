// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.passes.builtin.route.HandedOn;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The model that a bundle was made from, with its layers: a bundle's own graph is flat, and cannot be costed layer by layer. */
public final class RoutedModel {
    /** Nothing reads the weights of a model made here. */
    private static final String SOURCE = "bundle";

    private RoutedModel() {
    }

    /** The model of a bundle, by the configuration in it. */
    public static Model of(Bundle bundle) throws IOException {
        BundleInfo info = bundle.info();
        return of(Importer.fromConfig(Checkpoint.config(bundle.folder()), info.model().name()), info.layers());
    }

    /**
     * A dense model with the routing of a bundle's layers.
     *
     * @param model imported from the bundle's configuration; one that is routed already is given back as it is
     * @param plans one for each layer
     */
    public static Model of(Model model, List<LayerPlan> plans) {
        if (model.routed()) {
            return model;
        }
        long d = model.info().hidden();
        var b = new RegionBuilder();
        b.copyParams(model.graph());
        for (Node node : model.graph().nodes()) {
            if (node.kind() instanceof Layer l && plans.get(l.index()).routing().isPresent()) {
                Routing routing = plans.get(l.index()).routing().get();
                var operands = new ArrayList<Value>(b.values(node.operands()));
                operands.add(b.value(model.graph().param(GraphNames.CANDIDATES)));
                if (routing.score() instanceof Routing.Score.Given given && given.earlier() > 0) {
                    operands.add(HandedOn.attention(b, earlier(model, l.index(), given.earlier()), given.observers()));
                } else if (routing.score() instanceof Routing.Score.Given) {
                    // a bundle does not say what computes its scores
                    operands.add(b.add("score", new ModScore(new Routing.Score.Linear(false)), b.value(node.operand(Layer.HIDDEN)), weight(b, "score", 1, d)));
                }
                for (long[] shape : routing.weightShapes(d)) {
                    operands.add(weight(b, "router." + l.index() + "." + operands.size(), shape));
                }
                b.copy(node, new ModLayer(l.index(), routing), operands, node.regions());
            } else {
                b.copy(node);
            }
        }
        return model.withGraph(b.build(b.values(model.graph().yields())));
    }

    private static Node earlier(Model model, int layer, int earlier) {
        if (earlier > layer) {
            throw new InputException("layer " + layer + " of the bundle takes its scores from " + earlier + " layers before it, expected at most " + layer);
        }
        return model.layers().get(layer - earlier);
    }

    private static Value weight(RegionBuilder b, String name, long... shape) {
        return b.add(name, new Weight(new WeightExpr.Stored(SOURCE, name, TensorType.fixed(DType.F32, shape))));
    }
}
