// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.Size;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.op.RotarySpec;
import io.github.depthc.ir.op.RotarySpec.Scaling;
import java.util.List;

/**
 * The rotary embedding that a {@code config.json} asks for: {@code rope_theta} and {@code rope_scaling}, or since
 * transformers 5 {@code rope_parameters}, which holds both. Read as {@code modeling_rope_utils.py} of transformers 4.57.
 */
public final class RotaryConfig {
    private static final double MAX_THETA = 1e12;
    private static final double MAX_FACTOR = 1e6;
    private static final double MAX_CONTEXT = 1L << 40;

    private final DecoderConfig config;
    private final JsonObject parameters;

    private RotaryConfig(DecoderConfig config, JsonObject parameters) {
        this.config = config;
        this.parameters = parameters;
    }

    /** The configuration's only rotary embedding. */
    public static RotaryConfig of(DecoderConfig config) {
        JsonObject json = config.json();
        return new RotaryConfig(config, json.optObject("rope_parameters").or(() -> json.optObject("rope_scaling")).orElse(null));
    }

    /** That of one layer type, where {@code rope_parameters} has one entry for each; else as {@link #of(DecoderConfig)}. */
    public static RotaryConfig of(DecoderConfig config, String layerType) {
        return config.json().optObject("rope_parameters").flatMap(p -> p.optObject(layerType))
                .map(p -> new RotaryConfig(config, p)).orElseGet(() -> of(config));
    }

    /**
     * The frequencies.
     *
     * @param dim          how many elements of a head are rotated
     * @param defaultTheta base where {@code rope_theta} is absent
     */
    public RotarySpec spec(int dim, double defaultTheta) {
        return new RotarySpec(even(dim), theta("rope_theta", defaultTheta), scaling(dim));
    }

    /** The frequencies without scaling, with a base of its own key (Gemma 3's sliding layers). */
    public RotarySpec unscaled(int dim, String thetaKey, double defaultTheta) {
        return new RotarySpec(even(dim), theta(thetaKey, defaultTheta), new Scaling.None());
    }

    private int even(int dim) {
        if (dim < 2 || dim % 2 != 0) {
            throw config.json().error(Size.HEAD_DIM.key(), "a size of which an even number of elements is rotated, not " + dim);
        }
        return dim;
    }

    private double theta(String key, double orElse) {
        JsonObject holder = parameters != null && parameters.has("rope_theta") ? parameters : config.json();
        return holder.optDouble(holder == parameters ? "rope_theta" : key, orElse, 2, MAX_THETA);
    }

    private Scaling scaling(int dim) {
        if (parameters == null) {
            return new Scaling.None();
        }
        String type = type();
        return switch (type) {
            case "default" -> new Scaling.None();
            case "linear" -> new Scaling.Linear(factor());
            case "llama3" -> llama3();
            case "yarn" -> yarn();
            case "longrope", "su" -> longRope(dim);
            default -> throw parameters.error(parameters.has("rope_type") ? "rope_type" : "type",
                    "one of default, linear, llama3, yarn, longrope");
        };
    }

    private String type() {
        String type = parameters.optString("type", null);
        String ropeType = parameters.optString("rope_type", type == null ? "default" : type);
        if (type != null && !type.equals(ropeType)) {
            throw parameters.error("type", "the same as rope_type, which is \"" + ropeType + "\"");
        }
        return ropeType;
    }

    private double factor() {
        return parameters.requireDouble("factor", 1, MAX_FACTOR);
    }

    private Scaling llama3() {
        double low = parameters.requireDouble("low_freq_factor", 1e-3, MAX_FACTOR);
        double high = parameters.requireDouble("high_freq_factor", 1e-3, MAX_FACTOR);
        if (high <= low) {
            throw parameters.error("high_freq_factor", "more than low_freq_factor, which is " + low);
        }
        return new Scaling.Llama3(factor(), low, high, parameters.requireDouble("original_max_position_embeddings", 1, MAX_CONTEXT));
    }

    private Scaling yarn() {
        double factor = factor();
        double mscale = parameters.optDouble("mscale", 0, 0, MAX_FACTOR);
        double mscaleAll = parameters.optDouble("mscale_all_dim", 0, 0, MAX_FACTOR);
        double inferred = mscale != 0 && mscaleAll != 0 ? magnitude(factor, mscale) / magnitude(factor, mscaleAll) : magnitude(factor, 1);
        return new Scaling.Yarn(factor, orIfZero(parameters.optDouble("beta_fast", 32, 0, MAX_FACTOR), 32),
                orIfZero(parameters.optDouble("beta_slow", 1, 0, MAX_FACTOR), 1),
                parameters.optDouble("original_max_position_embeddings", config.size(Size.CONTEXT), 1, MAX_CONTEXT),
                parameters.optDouble("attention_factor", inferred, 0, MAX_FACTOR), parameters.optBool("truncate", true));
    }

    /** {@code get_mscale} of {@code _compute_yarn_parameters}. */
    private static double magnitude(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }

    private static double orIfZero(double value, double orElse) {
        return value == 0 ? orElse : value;
    }

    private Scaling longRope(int dim) {
        int context = config.size(Size.CONTEXT);
        // transformers 4 does not read the original context inside rope_scaling; one beside it overrides a stated factor.
        double inside = config.json().has("rope_parameters")
                ? parameters.optDouble("original_max_position_embeddings", 0, 1, MAX_CONTEXT) : 0;
        double original = config.json().optDouble("original_max_position_embeddings", inside, 1, MAX_CONTEXT);
        double factor = original > 0 ? context / original : parameters.optDouble("factor", 1, 1, MAX_FACTOR);
        double originalContext = original > 0 ? original : context;
        double inferred = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContext));
        return new Scaling.LongRope(divisors("short_factor", dim / 2), divisors("long_factor", dim / 2), originalContext,
                parameters.optDouble("attention_factor", inferred, 0, MAX_FACTOR));
    }

    private List<Double> divisors(String key, int count) {
        List<Double> list = parameters.optDoubles(key, 1e-6, MAX_FACTOR)
                .orElseThrow(() -> parameters.error(key, "a list of " + count + " numbers"));
        if (list.size() != count) {
            throw parameters.error(key, "a list of " + count + " numbers, not " + list.size());
        }
        return list;
    }
}
