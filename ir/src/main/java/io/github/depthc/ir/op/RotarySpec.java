// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.Expect;
import java.util.List;

/**
 * A rotary embedding's frequencies.
 *
 * @param dim     how many elements of a head are rotated, even
 * @param theta   base of the geometric series: {@code theta^(-2i/dim)}
 * @param scaling how the series is stretched to longer contexts
 */
public record RotarySpec(int dim, double theta, Scaling scaling) {
    public RotarySpec {
        Expect.attribute(dim >= 2 && dim % 2 == 0, "rotary dim is " + dim + ", expected an even number of at least 2");
        Expect.attribute(theta > 0 && Double.isFinite(theta), "rotary theta is " + theta + ", expected a positive number");
    }

    /** HuggingFace's {@code rope_scaling}, by {@code rope_type}. */
    public sealed interface Scaling {
        /** {@code default}. */
        record None() implements Scaling {
        }

        /** {@code linear}: frequencies divided by the factor. */
        record Linear(double factor) implements Scaling {
        }

        /** {@code llama3}: low frequencies divided by the factor, a smooth step between. */
        record Llama3(double factor, double lowFreqFactor, double highFreqFactor, double originalContext) implements Scaling {
        }

        /** {@code yarn}: a ramp between interpolated and original frequencies, and a factor on cosines and sines. */
        record Yarn(double factor, double betaFast, double betaSlow, double originalContext, double attentionFactor,
                boolean truncate) implements Scaling {
        }

        /**
         * {@code longrope}: one divisor for each frequency, the long list for sequences longer than the original context
         * (counted in positions of the row so far), and a factor on cosines and sines.
         */
        record LongRope(List<Double> shortFactor, List<Double> longFactor, double originalContext, double attentionFactor)
                implements Scaling {
            public LongRope {
                shortFactor = List.copyOf(shortFactor);
                longFactor = List.copyOf(longFactor);
            }
        }
    }
}
