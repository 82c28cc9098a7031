// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.depthc.frontend.arch.llava.HuggingFaceLlava;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
 * @param pieces        how an image is cut
 * @param merge         how the tokens of its pieces are put one after the other
 * @param resolutions   sizes of the whole that pieces are cut from, in pixels; of {@link Pieces#ANYRES} alone
 * @param mostPieces    pieces' worth of high-resolution tokens, above which they are interpolated; empty for no limit
 * @param candidates    which prompt tokens a trained router may skip
 * @param promptLimit   tokens at which a prompt with images is cut on the right; empty for no limit
 */
public record LlavaSettings(VisionShape tower, int towerLayers, int projector, boolean huggingFace, int placeholder, Pieces pieces, Merge merge,
        List<Resolution> resolutions, OptionalInt mostPieces, Candidates candidates, OptionalInt promptLimit) {
    /** What stands for an image in the original format: no token id. */
    public static final int ORIGINAL_PLACEHOLDER = -200;
    /** A tower's own configuration, under the name that a bundle has it. */
    public static final String TOWER_CONFIG = "vision_config.json";

    private static final String ASPECT = "image_aspect_ratio";
    private static final String MERGE = "mm_patch_merge_type";
    private static final String PINPOINTS = "image_grid_pinpoints";
    private static final String PROJECTOR = "mm_projector_type";
    private static final String LAYER = "mm_vision_select_layer";
    private static final int MOST_TOKENS = 1 << 30;
    private static final int MOST_SIDE = 1 << 16;

    public LlavaSettings {
        resolutions = List.copyOf(resolutions);
    }

    /** How an image is cut into squares of the tower's size. */
    public enum Pieces {
        /** One square: its shorter side resized, the middle cut out. */
        CROP,
        /** One square: padded with the mean colour, then resized. */
        PAD,
        /** One square of the whole image, then the image at one of several resolutions in pieces. */
        ANYRES
    }

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

    /** A size in pixels. */
    public record Resolution(int width, int height) {
    }

    /** Whether a configuration is of a model that takes images. */
    public static boolean describes(JsonObject config) {
        return HuggingFaceLlava.is(config) || config.has("mm_vision_tower");
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
        VisionShape tower = VisionShape.of(config);
        boolean next = config.requireString("model_type").equals("llava_next");
        if (!config.optString("vision_feature_select_strategy", "default").equals("default")) {
            throw config.error("vision_feature_select_strategy", "default: the class token takes no part in what is supported here");
        }
        if (!config.optString("projector_hidden_act", "gelu").equals("gelu")) {
            throw config.error("projector_hidden_act", "gelu");
        }
        String key = config.has("image_token_id") ? "image_token_id" : "image_token_index";
        return new LlavaSettings(tower, layers(config, "vision_feature_layer", tower), 2, true, config.optInt(key, 32000, 0, MOST_TOKENS),
                next ? Pieces.ANYRES : Pieces.CROP, next ? Merge.UNPAD : Merge.FLAT, next ? pinpoints(config, tower, true) : List.of(), OptionalInt.empty(),
                Candidates.VISION, OptionalInt.empty());
    }

    private static LlavaSettings original(JsonObject config, VisionShape tower) {
        for (String key : List.of("mm_use_im_start_end", "is_multipath_encoder", "s2")) {
            if (config.optBool(key, false)) {
                throw config.error(key, "it to be absent or false: images of this kind are not supported");
            }
        }
        if (!config.optString("mm_vision_select_feature", "patch").equals("patch")) {
            throw config.error("mm_vision_select_feature", "patch: the class token takes no part in what is supported here");
        }
        if (config.has("input_image_size") && config.requireInt("input_image_size", 1, MOST_SIDE) != tower.imageSize()) {
            throw config.error("input_image_size", tower.imageSize() + ", the tower's own: other sizes are not supported");
        }
        Pieces pieces = switch (config.optString(ASPECT, "square")) {
            case "square" -> Pieces.CROP;
            case "pad" -> Pieces.PAD;
            case "anyres" -> Pieces.ANYRES;
            default -> throw config.error(ASPECT, "square, pad or anyres");
        };
        Merge merge = switch (config.optString(MERGE, "flat")) {
            case "flat" -> Merge.FLAT;
            case "spatial" -> Merge.SPATIAL;
            case "spatial_unpad" -> Merge.UNPAD;
            default -> throw config.error(MERGE, "flat, spatial or spatial_unpad");
        };
        if (pieces != Pieces.ANYRES) {
            merge = Merge.FLAT; // the reference looks at the way of merging where there are pieces
        }
        boolean pmod = config.has("mod_target_layers") || config.optString("model_type", "").equals("pmod_llava_llama");
        Candidates candidates = switch (config.optString("mod_target_token_type", pmod ? "vision_hr" : "vision_all")) {
            // without pieces the reference takes all image tokens
            case "vision_hr" -> pieces == Pieces.ANYRES ? Candidates.HIGH_RESOLUTION : Candidates.VISION;
            case "all" -> Candidates.ALL;
            default -> Candidates.VISION;
        };
        return new LlavaSettings(tower, layers(config, LAYER, tower), projector(config), false, ORIGINAL_PLACEHOLDER, pieces, merge,
                pieces == Pieces.ANYRES ? pinpoints(config, tower, false) : List.of(), limit(config, "max_num_patches"), candidates,
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

    /** A list of sizes, or such a list as a Python text; height first in HuggingFace's format, else width first. */
    private static List<Resolution> pinpoints(JsonObject config, VisionShape tower, boolean heightFirst) {
        JsonNode given = config.node().path(PINPOINTS);
        JsonNode list = given;
        try {
            if (given.isTextual()) {
                list = JsonObject.parse("{\"list\": " + given.textValue().replace('(', '[').replace(')', ']') + "}", config.file()).node().path("list");
            }
        } catch (InputException e) {
            throw config.error(PINPOINTS, "a list of sizes in pixels");
        }
        if (given.isMissingNode() && heightFirst) {
            list = JsonObject.parse("{\"list\": [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]}", "defaults").node().path("list");
        }
        var sizes = new ArrayList<Resolution>();
        for (JsonNode size : list) {
            int a = size.path(0).asInt();
            int b = size.path(1).asInt();
            if (size.size() != 2 || a < 1 || b < 1 || a > MOST_SIDE || b > MOST_SIDE || a % tower.imageSize() != 0 || b % tower.imageSize() != 0) {
                throw config.error(PINPOINTS, "a list of sizes that are multiples of the tower's image size of " + tower.imageSize());
            }
            sizes.add(heightFirst ? new Resolution(b, a) : new Resolution(a, b));
        }
        if (sizes.isEmpty()) {
            throw config.error(PINPOINTS, "a list of sizes in pixels");
        }
        return sizes;
    }

    /** Pieces across and down for an image of this size: the resolution that keeps most of it, and of those the smallest. */
    public Resolution grid(int width, int height) {
        Resolution best = null;
        long most = -1;
        long waste = Long.MAX_VALUE;
        for (Resolution r : resolutions) {
            double scale = Math.min((double) r.width / width, (double) r.height / height);
            long effective = Math.min((long) (width * scale) * (long) (height * scale), (long) width * height);
            long wasted = (long) r.width * r.height - effective;
            if (effective > most || effective == most && wasted < waste) {
                best = r;
                most = effective;
                waste = wasted;
            }
        }
        if (best == null) {
            throw new IllegalStateException("images are not cut into pieces");
        }
        return new Resolution(best.width / tower.imageSize(), best.height / tower.imageSize());
    }
}
