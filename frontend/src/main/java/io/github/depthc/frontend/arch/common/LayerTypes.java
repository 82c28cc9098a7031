// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntPredicate;

/** Which layers attend within a sliding window: {@code layer_types}, or a rule where that is absent. */
public final class LayerTypes {
    /** The layer type of full attention, as {@code layer_types} spells it. */
    public static final String FULL = "full_attention";
    /** The layer type of attention within a window. */
    public static final String SLIDING = "sliding_attention";

    private LayerTypes() {
    }

    /** True at each layer that has a window; {@code rule} says so where {@code layer_types} is absent. */
    public static boolean[] sliding(JsonObject config, int layers, IntPredicate rule) {
        List<String> types = config.optStrings("layer_types").orElse(null);
        if (types != null && types.size() != layers) {
            throw new InputException(config.file() + ": \"layer_types\" has " + types.size()
                    + " entries, expected num_hidden_layers, which is " + layers);
        }
        boolean[] sliding = new boolean[layers];
        for (int i = 0; i < layers; i++) {
            String type = types == null ? rule.test(i) ? SLIDING : FULL : types.get(i);
            sliding[i] = switch (type) {
                case SLIDING -> true;
                case FULL -> false;
                default -> throw new InputException(config.file() + ": \"layer_types[" + i + "]\" is \"" + type
                        + "\", expected " + FULL + " or " + SLIDING);
            };
        }
        return sliding;
    }

    /**
     * The window of each layer, 0 for none, by Qwen's keys: none without {@code use_sliding_window}; else
     * {@code sliding_window} (4096 where absent) in the layers from {@code max_window_layers} (28) on.
     */
    public static int[] upperWindows(DecoderConfig config, int layers) {
        JsonObject json = config.json();
        int window = config.flag("use_sliding_window") ? config.nullable("sliding_window", OptionalInt.of(4096)).orElse(0) : 0;
        int first = json.optInt("max_window_layers", 28, 0, Integer.MAX_VALUE);
        boolean[] sliding = sliding(json, layers, i -> window > 0 && i >= first);
        int[] windows = new int[layers];
        for (int i = 0; i < layers; i++) {
            if (sliding[i] && window == 0) {
                throw json.error("sliding_window", "a window for the sliding_attention of layer " + i
                        + ", with use_sliding_window true");
            }
            windows[i] = sliding[i] ? window : 0;
        }
        return windows;
    }
}
