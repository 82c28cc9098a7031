// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** Numbers with a fraction as Python has them. */
final class Floats {
    private static final int LARGEST_EXPONENT = 16;
    private static final int SMALLEST_EXPONENT = -4;

    private Floats() {
    }

    /** As {@code repr(float)} does it: the fewest digits that say which number it is. */
    static String text(double d) {
        if (Double.isNaN(d)) {
            return "nan";
        }
        if (Double.isInfinite(d)) {
            return d > 0 ? "inf" : "-inf";
        }
        if (d == 0) {
            return 1 / d < 0 ? "-0.0" : "0.0";
        }
        // Double.toString has the fewest digits since Java 19.
        BigDecimal shortest = new BigDecimal(Double.toString(d)).stripTrailingZeros();
        int exponent = shortest.precision() - shortest.scale() - 1;
        if (exponent >= SMALLEST_EXPONENT && exponent < LARGEST_EXPONENT) {
            String plain = shortest.toPlainString();
            return plain.contains(".") ? plain : plain + ".0";
        }
        String digits = shortest.unscaledValue().abs().toString();
        String sign = exponent < 0 ? "-" : "+";
        return (d < 0 ? "-" : "") + digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "") + "e" + sign + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }

    /** As {@code round(d, digits)} does it. */
    static double rounded(double d, int digits, RoundingMode mode) {
        return Double.isFinite(d) ? new BigDecimal(d).setScale(digits, mode).doubleValue() : d;
    }

    /** A whole number; refuses what has no 64 bits. */
    static long whole(double d) {
        if (Double.isNaN(d) || Math.abs(d) >= 0x1p63) {
            throw new TemplateException("the number " + text(d) + " is no whole number of 64 bits");
        }
        return (long) d;
    }
}
