// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.Expect;
import java.util.List;

/**
 * The numbers behind a {@link RotarySpec}: a token at position p has the angles {@code p · inverse[i]}, and cosines and
 * sines are multiplied by the attention factor.
 *
 * <p>Computed in F32, operation by operation as {@code modeling_rope_utils.py} of HuggingFace transformers 4.57 does
 * ({@code _compute_default_rope_parameters} and its siblings), since checkpoints are trained and tested with those
 * numbers; only {@code pow}, whose last bit differs between libraries, is rounded from F64.
 *
 * @param inverse         inverse frequencies, {@code dim / 2} of them
 * @param longInverse     those for sequences longer than {@code switchLength}; the same array when there is no switch
 * @param switchLength    a sequence of more tokens than this takes {@code longInverse}; {@link Long#MAX_VALUE} for never
 * @param attentionFactor factor on cosines and sines
 */
public record RotaryFrequencies(float[] inverse, float[] longInverse, long switchLength, float attentionFactor) {
    /** The frequencies of a rotary embedding; a {@link io.github.depthc.ir.TypeException} for attributes without meaning. */
    public static RotaryFrequencies of(RotarySpec spec) {
        float[] base = base(spec);
        return switch (spec.scaling()) {
            case RotarySpec.Scaling.None s -> fixed(reciprocal(base), 1);
            case RotarySpec.Scaling.Linear s -> fixed(divided(reciprocal(base), positive("factor", s.factor())), 1);
            case RotarySpec.Scaling.Llama3 s -> fixed(llama3(reciprocal(base), s), 1);
            case RotarySpec.Scaling.Yarn s -> fixed(yarn(base, spec, s), (float) s.attentionFactor());
            case RotarySpec.Scaling.LongRope s -> new RotaryFrequencies(stretched(base, "shortFactor", s.shortFactor()),
                    stretched(base, "longFactor", s.longFactor()), (long) positive("originalContext", s.originalContext()),
                    (float) s.attentionFactor());
        };
    }

    /** True if long sequences have other frequencies than short ones. */
    public boolean dependsOnLength() {
        return switchLength != Long.MAX_VALUE;
    }

    private static RotaryFrequencies fixed(float[] inverse, float attentionFactor) {
        return new RotaryFrequencies(inverse, inverse, Long.MAX_VALUE, attentionFactor);
    }

    /** {@code theta ^ (2i / dim)}. */
    private static float[] base(RotarySpec spec) {
        float[] out = new float[spec.dim() / 2];
        for (int i = 0; i < out.length; i++) {
            float exponent = (float) (2 * i) / spec.dim();
            out[i] = (float) Math.pow((float) spec.theta(), exponent);
        }
        return out;
    }

    private static float[] reciprocal(float[] x) {
        float[] out = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = 1 / x[i];
        }
        return out;
    }

    private static float[] divided(float[] x, double factor) {
        float[] out = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = x[i] / (float) factor;
        }
        return out;
    }

    /** {@code _compute_llama3_parameters}: long wavelengths are divided by the factor, short ones kept, a ramp between. */
    private static float[] llama3(float[] inverse, RotarySpec.Scaling.Llama3 s) {
        float factor = (float) positive("factor", s.factor());
        double context = positive("originalContext", s.originalContext());
        Expect.attribute(s.lowFreqFactor() > 0 && s.highFreqFactor() > s.lowFreqFactor(), "lowFreqFactor is " + s.lowFreqFactor()
                + " and highFreqFactor is " + s.highFreqFactor() + ", expected 0 < lowFreqFactor < highFreqFactor");
        float lowWavelength = (float) (context / s.lowFreqFactor());
        float highWavelength = (float) (context / s.highFreqFactor());
        float[] out = new float[inverse.length];
        for (int i = 0; i < out.length; i++) {
            float wavelength = (float) (2 * Math.PI) / inverse[i];
            if (wavelength > lowWavelength) {
                out[i] = inverse[i] / factor;
            } else if (wavelength < highWavelength) {
                out[i] = inverse[i];
            } else {
                float smooth = ((float) context / wavelength - (float) s.lowFreqFactor())
                        / (float) (s.highFreqFactor() - s.lowFreqFactor());
                out[i] = (1 - smooth) * inverse[i] / factor + smooth * inverse[i];
            }
        }
        return out;
    }

    /** {@code _compute_yarn_parameters} (Peng et al. 2023): a ramp over the dimensions, found from rotations per context. */
    private static float[] yarn(float[] base, RotarySpec spec, RotarySpec.Scaling.Yarn s) {
        float factor = (float) positive("factor", s.factor());
        positive("betaFast", s.betaFast());
        positive("betaSlow", s.betaSlow());
        positive("originalContext", s.originalContext());
        double low = dimensionOf(s.betaFast(), spec, s.originalContext());
        double high = dimensionOf(s.betaSlow(), spec, s.originalContext());
        if (s.truncate()) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(low, 0);
        high = Math.min(high, spec.dim() - 1);
        if (low == high) {
            high += 0.001;
        }
        float[] out = new float[base.length];
        for (int i = 0; i < out.length; i++) {
            float ramp = Math.clamp((i - (float) low) / (float) (high - low), 0f, 1f);
            float keep = 1 - ramp;
            out[i] = 1 / (factor * base[i]) * (1 - keep) + 1 / base[i] * keep;
        }
        return out;
    }

    /** The dimension whose frequency turns this often within the original context. */
    private static double dimensionOf(double rotations, RotarySpec spec, double context) {
        return spec.dim() * Math.log(context / (rotations * 2 * Math.PI)) / (2 * Math.log(spec.theta()));
    }

    /** {@code _compute_longrope_parameters}: one divisor for each frequency. */
    private static float[] stretched(float[] base, String name, List<Double> factors) {
        Expect.attribute(factors.size() == base.length, name + " has " + Counted.of(factors.size(), "value") + ", expected " + base.length);
        float[] out = new float[base.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = 1 / ((float) positive(name, factors.get(i)) * base[i]);
        }
        return out;
    }

    private static double positive(String name, double value) {
        Expect.attribute(value > 0 && Double.isFinite(value), name + " is " + value + ", expected a positive number");
        return value;
    }
}
