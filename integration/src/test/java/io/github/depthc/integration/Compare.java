// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.github.depthc.backend.runtime.StepOutput;

/** Comparisons of logits. */
final class Compare {
    private Compare() {
    }

    /** Every logit of one row within a tolerance; the message says where the worst is. */
    static void row(String what, float[] expected, int expectedRow, StepOutput actual, int actualRow, double tolerance) {
        int vocab = actual.vocab();
        double worst = 0;
        int at = 0;
        for (int i = 0; i < vocab; i++) {
            float a = actual.at(actualRow, i);
            double d = Math.abs(expected[expectedRow * vocab + i] - a);
            if (Float.isNaN(a)) {
                fail(what + ": logit " + i + " is NaN");
            }
            if (d > worst) {
                worst = d;
                at = i;
            }
        }
        if (worst > tolerance) {
            fail(what + ": logit " + at + " is " + actual.at(actualRow, at) + ", expected " + expected[expectedRow * vocab + at]
                    + " within " + tolerance);
        }
    }

    /** All rows. */
    static void rows(String what, float[] expected, StepOutput actual, double tolerance) {
        assertEquals(expected.length, actual.rows() * actual.vocab(), what + ": number of logits");
        for (int r = 0; r < actual.rows(); r++) {
            row(what + ", position " + r, expected, r, actual, r, tolerance);
        }
    }
}
