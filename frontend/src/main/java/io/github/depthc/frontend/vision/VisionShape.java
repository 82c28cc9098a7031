// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import io.github.depthc.frontend.json.JsonObject;
import java.util.Map;
import java.util.Optional;

/**
 * A CLIP vision tower, by {@code vision_config} of a checkpoint or {@code config.json} of a tower's own; defaults are those of
 * transformers' {@code CLIPVisionConfig}.
 *
 * @param hidden       width
 * @param intermediate width of the MLP
 * @param layers       of the whole tower
 * @param heads        of attention
 * @param imageSize    side of an image in pixels
 * @param patchSize    side of the square that becomes a token
 * @param epsilon      of the norms
 * @param activation   of the MLP
 */
public record VisionShape(int hidden, int intermediate, int layers, int heads, int imageSize, int patchSize, double epsilon, Activation activation) {
    private static final int MOST = 1 << 16;
    /** The towers that published checkpoints name and do not describe. */
    private static final Map<String, Integer> KNOWN = Map.of("openai/clip-vit-large-patch14-336", 336, "openai/clip-vit-large-patch14", 224);

    /** Activation of the MLP. */
    public enum Activation { QUICK_GELU, GELU }

    /** What a configuration describes: of the tower alone, or of both towers of CLIP. */
    static VisionShape of(JsonObject config) {
        JsonObject json = config.node().path("vision_config").isObject() ? config.requireObject("vision_config") : config;
        if (!json.optString("model_type", "clip_vision_model").equals("clip_vision_model")) {
            throw json.error("model_type", "clip_vision_model: other vision towers are not supported");
        }
        Activation activation = switch (json.optString("hidden_act", "quick_gelu")) {
            case "quick_gelu" -> Activation.QUICK_GELU;
            case "gelu" -> Activation.GELU;
            default -> throw json.error("hidden_act", "quick_gelu or gelu");
        };
        var shape = new VisionShape(json.optInt("hidden_size", 768, 1, MOST), json.optInt("intermediate_size", 3072, 1, MOST),
                json.optInt("num_hidden_layers", 12, 1, 1024), json.optInt("num_attention_heads", 12, 1, MOST), json.optInt("image_size", 224, 1, 4096),
                json.optInt("patch_size", 32, 1, 4096), json.optDouble("layer_norm_eps", 1e-5, 0, 0.5), activation);
        if (shape.hidden % shape.heads != 0) {
            throw json.error("num_attention_heads", "a divisor of hidden_size, which is " + shape.hidden);
        }
        if (shape.imageSize % shape.patchSize != 0) {
            throw json.error("patch_size", "a divisor of image_size, which is " + shape.imageSize);
        }
        return shape;
    }

    /** A published tower by its name; empty for any other. */
    static Optional<VisionShape> named(String name) {
        return Optional.ofNullable(KNOWN.get(name)).map(size -> new VisionShape(1024, 4096, 24, 16, size, 14, 1e-5, Activation.QUICK_GELU));
    }

    /** Tokens along each side of an image. */
    public int grid() {
        return imageSize / patchSize;
    }

    /** Tokens of an image, without the class token. */
    public int positions() {
        return grid() * grid();
    }
}
