// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.frontend.vision.ImageParts;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.passes.builtin.lower.EmbeddingSplit;
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
        return images.map(i -> spec(split(lowered, i), i)).orElseGet(() -> BundleSpec.of(KeptOutputs.of(lowered)));
    }

    /** A model, lowered or not, cut behind its embeddings. */
    public static EmbeddingSplit split(Model model, ImageParts images) {
        return EmbeddingSplit.of(model, images.newline().stream().toArray(WeightExpr[]::new));
    }

    /** As {@link #spec(Model, Optional)}, of a lowered model that has been cut. */
    public static BundleSpec.Builder spec(EmbeddingSplit split, ImageParts images) {
        return BundleSpec.of(KeptOutputs.of(split.decoder()))
                .part(new BundleSpec.Part(Bundle.EMBEDDING, BundleInfo.Inputs.TOKEN_IDS, split.embedding(), List.of(GraphNames.INPUTS_EMBEDS, NEWLINE)))
                .part(new BundleSpec.Part(Bundle.VISION, BundleInfo.Inputs.PIXELS, images.vision(), List.of(ImageParts.FEATURES)));
    }
}
