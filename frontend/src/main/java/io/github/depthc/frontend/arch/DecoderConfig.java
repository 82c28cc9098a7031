// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.ModelInfo;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * A decoder's {@code config.json}, read with sane limits: no product of two sizes overflows a {@code long}.
 *
 * @param name what the user calls the model
 * @param json the configuration
 */
public record DecoderConfig(String name, JsonObject json) {
    /** The widest projection of all heads together. */
    private static final int MAX_PROJECTION = 1 << 24;

    /** A size that must be there. */
    public int size(Size size) {
        return json.requireInt(size.key(), 1, size.max());
    }

    /** A size, or the given value where it is absent. */
    public int size(Size size, int orElse) {
        return json.optInt(size.key(), orElse, 1, size.max());
    }

    /** True or false, false where it is absent. */
    public boolean flag(String key) {
        return json.optBool(key, false);
    }

    /** {@code rms_norm_eps}. */
    public double normEpsilon() {
        return json.requireDouble("rms_norm_eps", 0, 0.5);
    }

    /**
     * A number that may be switched off by an explicit {@code null}: empty then, and the given value where the key is
     * absent (the default of the family's configuration class in transformers).
     */
    public OptionalDouble nullable(String key, OptionalDouble orElse, double min, double max) {
        if (!json.keys().contains(key)) {
            return orElse;
        }
        return json.has(key) ? OptionalDouble.of(json.requireDouble(key, min, max)) : OptionalDouble.empty();
    }

    /** As {@link #nullable(String, OptionalDouble, double, double)} for a size in tokens. */
    public OptionalInt nullable(String key, OptionalInt orElse) {
        if (!json.keys().contains(key)) {
            return orElse;
        }
        return json.has(key) ? OptionalInt.of(json.requireInt(key, 1, Size.CONTEXT.max())) : OptionalInt.empty();
    }

    /**
     * The facts of a decoder of the usual keys. Where {@code num_key_value_heads} is absent there are as many as query
     * heads; where {@code head_dim} is absent it is the hidden size divided by the query heads.
     */
    public ModelInfo info(String architecture) {
        return info(architecture, OptionalInt.empty());
    }

    /** As {@link #info(String)}, with another default for {@code head_dim}. */
    public ModelInfo info(String architecture, OptionalInt defaultHeadDim) {
        int hidden = size(Size.HIDDEN);
        int heads = size(Size.HEADS);
        int kvHeads = size(Size.KV_HEADS, heads);
        if (heads % kvHeads != 0) {
            throw json.error(Size.KV_HEADS.key(), "a divisor of num_attention_heads, which is " + heads);
        }
        int headDim;
        if (json.has(Size.HEAD_DIM.key()) || defaultHeadDim.isPresent()) {
            headDim = size(Size.HEAD_DIM, defaultHeadDim.orElse(1));
        } else if (hidden % heads == 0) {
            headDim = hidden / heads;
        } else {
            throw json.error(Size.HEADS.key(), "a divisor of hidden_size, which is " + hidden + ", or a head_dim");
        }
        if ((long) heads * headDim > MAX_PROJECTION) {
            throw new InputException(json.file() + ": " + heads + " heads of size " + headDim + " are " + (long) heads * headDim
                    + " wide, expected at most " + MAX_PROJECTION);
        }
        return new ModelInfo(name, architecture, size(Size.LAYERS), hidden, heads, kvHeads, headDim, size(Size.INTERMEDIATE),
                size(Size.VOCAB), size(Size.CONTEXT));
    }
}
