// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import io.github.depthc.frontend.arch.llava.HuggingFaceLlava;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a LLaVA configuration says of images, in HuggingFace's format or the original one ({@code llava_arch.py}).
 *
 * @param tower         the vision tower
 * @param towerLayers   layers of it that are run: those before the feature layer
 * @param projector     layers of the projector
 * @param huggingFace   whether the checkpoint is of HuggingFace's format
 * @param placeholder   the token id that stands for an image
 * @param merge         how the tokens of its pieces are put one after the other
 * @param mostPieces    pieces' worth of high-resolution tokens, above which they are interpolated; empty for no limit
 * @param candidates    which prompt tokens a trained router may skip
 * @param promptLimit   tokens at which a prompt with images is cut on the right; empty for no limit
 */
public record LlavaSettings(VisionShape tower, int towerLayers, int projector, boolean huggingFace, int placeholder, Merge merge,
        OptionalInt mostPieces, Candidates candidates, OptionalInt promptLimit) {
    /** What stands for an image in the original format: no token id. */
    public static final int ORIGINAL_PLACEHOLDER = -200;
    /** A tower's own configuration, under the name that a bundle has it. */
    public static final String TOWER_CONFIG = "vision_config.json";

    /** Keys of tokens that mean something else wherever they stand. */
    private static final List<String> SPECIAL = List.of("bos_token_id", "eos_token_id", "pad_token_id");
    private static final List<String> UNSUPPORTED = List.of("mm_use_im_start_end", "is_multipath_encoder", "s2");
    private static final String ASPECT = "image_aspect_ratio";
    private static final String MERGE = "mm_patch_merge_type";
    private static final String PROJECTOR = "mm_projector_type";
    private static final String LAYER = "mm_vision_select_layer";
    /** The tower of transformers' {@code LlavaConfig} that says nothing of one. */
    private static final String UNSAID_TOWER = "openai/clip-vit-large-patch14-336";
    private static final int USUAL_PIECES = 4;
    private static final int MOST_TOKENS = 1 << 30;
    private static final int MOST_SIDE = 1 << 16;

    /** How tokens of pieces are put one after the other. */
    public enum Merge {
        /** Piece by piece. */
        FLAT,
        /** The first piece, then the others as one picture, row by row. */
        SPATIAL,
        /** As {@link #SPATIAL}, without the rows or columns that are padding, and with a learned token at each row's end. */
        UNPAD
    }

    /** Which tokens of a prompt with images are candidates. */
    public enum Candidates { VISION, HIGH_RESOLUTION, ALL }

    /** Tokens of an image that is typical for its cost: one piece, or with pieces a square one of two by two, with its line ends, and the whole. */
    public int usualTokens() {
        int pieces = merge == Merge.FLAT ? 0 : Math.min(USUAL_PIECES, mostPieces.orElse(USUAL_PIECES));
        int lines = merge == Merge.UNPAD ? (int) Math.sqrt((double) pieces * tower.positions()) : 0;
        int all = (1 + pieces) * tower.positions() + lines;
        return Math.min(all, promptLimit.orElse(all));
    }

    /** Whether a configuration is of a model that takes images. */
    public static boolean describes(JsonObject config) {
        return HuggingFaceLlava.is(config) || config.has("mm_vision_tower");
    }

    /** The key of an original configuration that asks for images of a kind that is not supported; empty where none does. */
    public static Optional<String> unsupported(JsonObject config) {
        return HuggingFaceLlava.is(config) ? Optional.empty() : UNSUPPORTED.stream().filter(key -> config.optBool(key, false)).findFirst();
    }

    /**
     * The settings.
     *
     * @param tower the tower's own configuration, for those that do not have it in {@code config}
     * @return empty for a model without images, and for one whose tower nobody describes
     */
    public static Optional<LlavaSettings> of(JsonObject config, Optional<JsonObject> tower) {
        if (HuggingFaceLlava.is(config)) {
            return Optional.of(huggingFace(config));
        }
        return describes(config) ? tower.map(VisionShape::of).or(() -> VisionShape.named(config.requireString("mm_vision_tower"))).map(t -> original(config, t))
                : Optional.empty();
    }

    /** As {@link #of}, of a bundle's folder. */
    public static Optional<LlavaSettings> read(Path folder) throws IOException {
        Path own = folder.resolve(TOWER_CONFIG);
        return of(Checkpoint.config(folder), Files.isRegularFile(own) ? Optional.of(JsonObject.read(own)) : Optional.empty());
    }

    private static LlavaSettings huggingFace(JsonObject config) {
        VisionShape tower = config.has("vision_config") ? VisionShape.of(config.requireObject("vision_config")) : VisionShape.named(UNSAID_TOWER).orElseThrow();
        boolean next = config.requireString("model_type").equals("llava_next");
        if (!config.optString("vision_feature_select_strategy", "default").equals("default")) {
            throw config.error("vision_feature_select_strategy", "default: the class token takes no part in what is supported here");
        }
        if (!config.optString("projector_hidden_act", "gelu").equals("gelu")) {
            throw config.error("projector_hidden_act", "gelu");
        }
        String key = config.has("image_token_id") ? "image_token_id" : "image_token_index";
        int placeholder = config.optInt(key, 32000, 0, MOST_TOKENS);
        JsonObject text = HuggingFaceLlava.textConfig(config);
        int vocab = text.requireInt("vocab_size", 1, MOST_TOKENS);
        if (placeholder >= vocab) {
            throw config.error(key, "a token id of the vocabulary, 0 to " + (vocab - 1) + ": it stands for an image" + (config.has(key) ? "" : ", and is 32000 where nothing is said"));
        }
        for (JsonObject of : List.of(config, text)) {
            SPECIAL.stream().filter(special -> of.optIntOrInts(special, Integer.MIN_VALUE, Integer.MAX_VALUE).orElse(List.of()).contains(placeholder)).findFirst().ifPresent(special -> {
                throw config.error(key, "a token id that stands for an image alone, not that of \"" + special + "\"");
            });
        }
        return new LlavaSettings(tower, layers(config, "vision_feature_layer", tower), 2, true, placeholder,
                next ? Merge.UNPAD : Merge.FLAT, OptionalInt.empty(), Candidates.VISION, OptionalInt.empty());
    }

    private static LlavaSettings original(JsonObject config, VisionShape tower) {
        unsupported(config).ifPresent(key -> {
            throw config.error(key, "it to be absent or false: images of this kind are not supported");
        });
        if (!config.optString("mm_vision_select_feature", "patch").equals("patch")) {
            throw config.error("mm_vision_select_feature", "patch: the class token takes no part in what is supported here");
        }
        if (config.has("input_image_size") && config.requireInt("input_image_size", 1, MOST_SIDE) != tower.imageSize()) {
            throw config.error("input_image_size", tower.imageSize() + ", the tower's own: other sizes are not supported");
        }
        boolean pieces = config.optString(ASPECT, "square").equals("anyres");
        Merge merge = switch (config.optString(MERGE, "flat")) {
            case "flat" -> Merge.FLAT;
            case "spatial" -> Merge.SPATIAL;
            case "spatial_unpad" -> Merge.UNPAD;
            default -> throw config.error(MERGE, "flat, spatial or spatial_unpad");
        };
        if (!pieces) {
            merge = Merge.FLAT; // the reference looks at the way of merging where there are pieces
        }
        boolean pmod = config.has("mod_target_layers") || config.optString("model_type", "").equals("pmod_llava_llama");
        String ifAbsent = config.optString("model_type", "").equals("mod_llava_llama") ? "all" : pmod ? "vision_hr" : "vision_all";
        Candidates candidates = switch (config.optString("mod_target_token_type", ifAbsent)) {
            // without pieces the reference takes all image tokens
            case "vision_hr" -> pieces ? Candidates.HIGH_RESOLUTION : Candidates.VISION;
            case "all" -> Candidates.ALL;
            default -> Candidates.VISION;
        };
        return new LlavaSettings(tower, layers(config, LAYER, tower), projector(config), false, ORIGINAL_PLACEHOLDER, merge,
                limit(config, "max_num_patches"), candidates,
                limit(config, "tokenizer_model_max_length"));
    }

    private static OptionalInt limit(JsonObject config, String key) {
        return config.has(key) ? OptionalInt.of(config.requireInt(key, 1, MOST_TOKENS)) : OptionalInt.empty();
    }

    private static int projector(JsonObject config) {
        String type = config.optString(PROJECTOR, "linear");
        if (type.equals("linear")) {
            return 1;
        }
        if (type.matches("mlp[1-9]x_gelu")) {
            return type.charAt(3) - '0';
        }
        throw config.error(PROJECTOR, "linear or mlp2x_gelu");
    }

    /** Layers before the feature layer: counted from the end with the states after the last layer as −1. */
    private static int layers(JsonObject config, String key, VisionShape tower) {
        int at = config.optInt(key, -2, -tower.layers() - 1, tower.layers());
        return at < 0 ? tower.layers() + 1 + at : at;
    }
}
