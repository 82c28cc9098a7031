// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.frontend.vision.ImageParts;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.passes.builtin.lower.EmbeddingSplit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The graphs of a bundle that takes images: vision tower with projector, embedding, and the decoder behind them. */
public final class ImageComponents {
    private static final String NEWLINE = "image_newline";

    private ImageComponents() {
    }

    /**
     * Begins the specification of a bundle.
     *
     * @param lowered a lowered model that takes token ids
     * @param images  what its checkpoint has for images; empty makes a bundle of text alone, which is one graph
     */
    public static BundleSpec.Builder spec(Model lowered, Optional<ImageParts> images) {
        return images.map(i -> spec(split(lowered, i), i)).orElseGet(() -> BundleSpec.of(lowered));
    }

    /** A model, lowered or not, cut behind its embeddings. */
    public static EmbeddingSplit split(Model model, ImageParts images) {
        return EmbeddingSplit.of(model, images.newline().stream().toArray(WeightExpr[]::new));
    }

    /** As {@link #spec(Model, Optional)}, of a lowered model that has been cut. */
    public static BundleSpec.Builder spec(EmbeddingSplit split, ImageParts images) {
        return BundleSpec.of(split.decoder().withGraph(telling(split.decoder().graph())))
                .part(new BundleSpec.Part(Bundle.EMBEDDING, BundleInfo.Inputs.TOKEN_IDS, split.embedding(), List.of(GraphNames.INPUTS_EMBEDS, NEWLINE)))
                .part(new BundleSpec.Part(Bundle.VISION, BundleInfo.Inputs.PIXELS, images.vision(), List.of(ImageParts.FEATURES)));
    }

    /** A graph that yields the tokens its routed layers keep too; who does not ask for them does not pay for them. */
    private static Region telling(Region graph) {
        var b = new RegionBuilder();
        b.copyParams(graph);
        var yields = new ArrayList<>(b.inline(graph));
        graph.nodes().stream().filter(n -> n.kind() instanceof ModSelect).forEach(n -> yields.add(b.value(n.result(0))));
        return b.build(yields);
    }
}
