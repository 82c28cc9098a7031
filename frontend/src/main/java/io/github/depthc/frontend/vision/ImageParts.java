// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import io.github.depthc.frontend.arch.Prefixes;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.arch.llava.HuggingFaceLlava;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a LLaVA checkpoint has beside its decoder.
 *
 * @param settings what its configuration says of images
 * @param vision   tower and projector: {@link #PIXELS} to {@link #FEATURES}
 * @param newline  the learned token at the end of a row, {@code [hidden]}; empty where there is none
 */
public record ImageParts(LlavaSettings settings, Region vision, Optional<WeightExpr> newline) {
    /** Name of the weights' source of a tower that is in a folder of its own. */
    public static final String TOWER_SOURCE = "vision_tower";
    /** The graph's parameter. */
    public static final String PIXELS = "pixel_values";
    /** The graph's yield. */
    public static final String FEATURES = "image_features";

    private static final String ORIGINAL_TOWER = "model.vision_tower.vision_tower.";
    private static final String FIRST = "vision_model.embeddings.class_embedding";
    private static final String NEWLINE = "image_newline";

    /**
     * The parts of a checkpoint.
     *
     * @param hidden width of its decoder
     * @param tower  the tower's own checkpoint, for one that is not in {@code checkpoint} or is not described there
     * @return empty for a checkpoint that takes no images, and for one without a vision tower
     * @throws InputException for parts that are not supported, tensors that are missing, and a tower that is given for nothing
     */
    public static Optional<ImageParts> of(Checkpoint checkpoint, int hidden, Optional<Checkpoint> tower) {
        JsonObject config = checkpoint.config();
        if (tower.isPresent() && (!LlavaSettings.describes(config) || HuggingFaceLlava.is(config))) {
            throw new InputException(checkpoint.dir() + ": " + (HuggingFaceLlava.is(config) ? "has its vision tower in it" : "takes no images")
                    + ", but a vision tower is given (" + tower.get().dir() + "); leave it out");
        }
        if (!LlavaSettings.describes(config) || !HuggingFaceLlava.is(config) && tower.isEmpty() && !hasTower(checkpoint)) {
            return Optional.empty();
        }
        Optional<LlavaSettings> settings = LlavaSettings.of(config, tower.map(Checkpoint::config));
        if (settings.isEmpty()) {
            throw new InputException(config.file() + ": \"mm_vision_tower\" is \"" + config.requireString("mm_vision_tower")
                    + "\", which says nothing of its shape; give its folder with --vision-tower DIR");
        }
        Tensors own = Tensors.of(checkpoint);
        Tensors of = HuggingFaceLlava.is(config) ? own
                : hasTower(checkpoint) ? own.part(Prefixes.of("", ORIGINAL_TOWER)) : Tensors.of(tower.orElseThrow(), TOWER_SOURCE);
        return Optional.of(build(config, settings.get(), own, of, hidden));
    }

    /** Whether an original checkpoint has the tower in it. */
    private static boolean hasTower(Checkpoint checkpoint) {
        return checkpoint.tensors().containsKey(ORIGINAL_TOWER + FIRST);
    }

    /** The parts that a configuration in HuggingFace's format implies. */
    public static Optional<ImageParts> declared(JsonObject config, Tensors tensors, int hidden) {
        return HuggingFaceLlava.is(config) ? LlavaSettings.of(config, Optional.empty()).map(s -> build(config, s, tensors, tensors, hidden)) : Optional.empty();
    }

    private static ImageParts build(JsonObject config, LlavaSettings settings, Tensors all, Tensors tower, int hidden) {
        boolean huggingFace = settings.huggingFace();
        String before = huggingFace ? HuggingFaceLlava.oldPrefixes(all) ? "" : "model." : "model.";
        Tensors of = huggingFace ? all.part(Prefixes.of("", before + "vision_tower.")) : tower;
        Tensors projector = all.part(Prefixes.of("", before + (huggingFace ? "multi_modal_projector." : "mm_projector")));
        List<String> layers = huggingFace ? List.of("linear_1", "linear_2")
                : settings.projector() == 1 ? List.of("") : IntStream.range(0, settings.projector()).mapToObj(i -> "." + 2 * i).toList();
        try {
            Region vision = ClipTower.build(settings, of, projector, layers, hidden);
            Optional<WeightExpr> newline = settings.merge() == LlavaSettings.Merge.UNPAD ? Optional.of(all.weight(before + NEWLINE, hidden)) : Optional.empty();
            return new ImageParts(settings, vision, newline);
        } catch (TypeException e) {
            throw new InputException(config.file() + ": describes a vision tower that cannot be built: " + e.getMessage(), e);
        }
    }
}
