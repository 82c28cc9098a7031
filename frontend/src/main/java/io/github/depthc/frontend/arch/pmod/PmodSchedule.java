// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.pmod;

import io.github.depthc.frontend.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which layers route, and the ratio of vision tokens each keeps: {@code mod_target_layers} and {@code mod_router_factor}
 * ({@code build_mod_layers} in {@code pmod_llava_llama.py}).
 */
final class PmodSchedule {
    static final String KEY = "mod_target_layers";
    static final String FACTOR = "mod_router_factor";
    private static final Pattern DECAY = Pattern.compile("(shiftedcos|shiftedlinear)_decay_(\\d+\\.\\d+)_(\\d+\\.\\d+)");
    /** The reference counts so many whatever the depth is, and its checkpoints are trained with it. */
    static final int LAYERS = 32;
    private static final double LAST_LAYER = LAYERS - 1;

    private PmodSchedule() {
    }

    /** The ratio of each layer, empty where it stays dense. */
    static List<OptionalDouble> of(JsonObject config, int layers) {
        String rule = config.optString(KEY, null);
        var ratios = new ArrayList<OptionalDouble>();
        double factor = rule == null ? 0 : config.requireDouble(FACTOR, 0, 1);
        for (int i = 0; i < layers; i++) {
            ratios.add(rule == null ? OptionalDouble.empty() : ratio(config, rule, factor, i, layers));
        }
        return ratios;
    }

    private static OptionalDouble ratio(JsonObject config, String rule, double factor, int layer, int layers) {
        Matcher decay = DECAY.matcher(rule);
        if (decay.matches()) {
            double max = Double.parseDouble(decay.group(2));
            double min = Double.parseDouble(decay.group(3));
            if (max > 1 || min > max) {
                throw config.error(KEY, "bounds of at most 1, the larger one first");
            }
            double shifted = decay(decay.group(1), layer) + factor;
            return shifted > max ? OptionalDouble.empty() : OptionalDouble.of(Math.max(shifted, min));
        }
        boolean routed = switch (rule) {
            case "interleave" -> layer % 2 == 1;
            case "deep_all" -> layer >= 2 && layer < layers - 1;
            case "deep_all_include_last" -> layer >= 2;
            default -> throw config.error(KEY,
                    "shiftedcos_decay_MAX_MIN, shiftedlinear_decay_MAX_MIN, interleave, deep_all or deep_all_include_last");
        };
        return routed ? OptionalDouble.of(factor) : OptionalDouble.empty();
    }

    /** A curve's value before {@code mod_router_factor} shifts it. */
    static double decay(String curve, int layer) {
        return curve.equals("shiftedcos") ? Math.cos(layer * Math.PI / LAST_LAYER) / 2 : 0.5 - layer / LAST_LAYER;
    }
}
