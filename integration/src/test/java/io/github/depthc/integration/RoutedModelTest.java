// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.cli.plan.RoutedModel;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The model that is made again of what a bundle says about its layers. */
class RoutedModelTest {
    private static final Cost.Mix MIX = new Cost.Mix(190, 2);

    @ParameterizedTest
    @ValueSource(strings = {"route-by-recency", "route-by-attention", "route-by-attention{earlier=1}", "route-by-attention{earlier=2, recent=0}", "route-by-update"})
    void itCostsWhatTheBundlesModelDoes(String route) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            Model dense = Importer.load(checkpoint);
            for (String layers : List.of("rule=all", "layers=[1,3]")) {
                Model routed = Bundles.run(dense, "select-layers{" + layers + "},schedule{kind=constant, ratio=0.4},convert-to-mod," + route);
                Model again = RoutedModel.of(dense, plans(routed));
                assertEquals(Cost.of(routed, MIX), Cost.of(again, MIX));
                assertEquals(Cost.lastToken(BuiltinPasses.lowered(routed), MIX), Cost.lastToken(BuiltinPasses.lowered(again), MIX));
            }
        }
    }

    @Test
    void scoresOfALayerBeforeTheFirstAreAnError() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            Model dense = Importer.load(checkpoint);
            List<LayerPlan> plans = new ArrayList<>(plans(dense));
            plans.set(1, LayerPlan.mod(1, Routing.plain(0.5).withScore(new Routing.Score.Given(2, 8)), "plain"));
            var e = assertThrows(InputException.class, () -> RoutedModel.of(dense, plans));
            assertEquals("layer 1 of the bundle takes its scores from 2 layers before it, expected at most 1", e.getMessage());
        }
    }

    private static List<LayerPlan> plans(Model model) {
        return model.layers().stream().map(n -> LayerPlan.of((DecoderLayer) n.kind(), Optional.empty())).toList();
    }
}
