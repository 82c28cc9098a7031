// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.mod.Routing;
import java.util.Optional;

/**
 * What one decoder layer does with the tokens.
 *
 * @param layer   which layer, from 0
 * @param routing how it routes; empty for a dense layer
 * @param style   name of the preset the routing comes from ({@code pmod}, {@code gamma}, {@code mod}, {@code plain}), if any
 */
public record LayerPlan(int layer, Optional<Routing> routing, Optional<String> style) {
    public LayerPlan {
        if (layer < 0) {
            throw new IllegalArgumentException("layer " + layer);
        }
        if (routing.isEmpty() && style.isPresent()) {
            throw new IllegalArgumentException("layer " + layer + " is dense but has the style " + style.get());
        }
    }

    /**
     * The plan of a layer.
     *
     * @param style name of the preset that routed layers come from; empty where they come from none
     */
    public static LayerPlan of(DecoderLayer layer, Optional<String> style) {
        return new LayerPlan(layer.index(), layer.routed(), layer.routed().isPresent() ? style : Optional.empty());
    }

    /** A layer that processes every token. */
    public static LayerPlan dense(int layer) {
        return new LayerPlan(layer, Optional.empty(), Optional.empty());
    }

    /** A layer of which nothing is known: it may keep any number of tokens, and is told which may be skipped. */
    public static LayerPlan unknown(int layer) {
        return new LayerPlan(layer, Optional.of(new Routing(new Routing.Score.SharedLinear(), new Routing.Gate.One(), Routing.Placement.MLP,
                new Routing.Selection.Threshold(0, 0), Routing.Candidates.GIVEN, Routing.SkippedKv.DROP, Routing.Positions.ORIGINAL,
                new Routing.SkipPath.Identity(), Routing.DecodeRule.DENSE)), Optional.empty());
    }

    /** A routed layer of a named preset. */
    public static LayerPlan mod(int layer, Routing routing, String style) {
        return new LayerPlan(layer, Optional.of(routing), Optional.of(style));
    }
}
