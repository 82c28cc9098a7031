// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import java.util.List;
import java.util.Locale;

/**
 * One unit for numbers that stand together, and how many decimals they get.
 *
 * @param divisor  how many of the base unit
 * @param unit     its name
 * @param decimals digits after the point
 */
record Scale(double divisor, String unit, int decimals) {
    private static final List<String> FLOP = List.of("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP");
    private static final List<String> BYTES = List.of("B", "KiB", "MiB", "GiB", "TiB", "PiB");

    /** For FLOP counts up to {@code largest}. */
    static Scale flops(double largest) {
        return of(largest, 1000, FLOP);
    }

    /** For byte counts up to {@code largest}. */
    static Scale bytes(double largest) {
        return of(largest, 1024, BYTES);
    }

    /** For times up to {@code largest} seconds. */
    static Scale seconds(double largest) {
        return largest >= 1 ? new Scale(1, "s", 2) : largest >= 1e-3 ? new Scale(1e-3, "ms", 2) : new Scale(1e-6, "µs", 0);
    }

    private static Scale of(double largest, double step, List<String> units) {
        double divisor = 1;
        int i = 0;
        while (i + 1 < units.size() && largest / divisor >= step) {
            divisor *= step;
            i++;
        }
        double shown = largest / divisor;
        return new Scale(divisor, units.get(i), i == 0 ? 0 : shown < 100 ? 2 : 1);
    }

    /** The number alone. */
    String number(double value) {
        return String.format(Locale.ROOT, "%,." + decimals + "f", value / divisor);
    }

    /** {@code part} of {@code whole} as a percentage; it never rounds up to 100 % or down to nothing. */
    static String percent(double part, double whole, int decimals) {
        double p = 100 * part / whole;
        if (!Double.isFinite(p)) {
            return "–";
        }
        double smallest = Math.pow(10, -decimals);
        String format = "%." + decimals + "f%%";
        if (p > 0 && p < smallest / 2) {
            return "<" + String.format(Locale.ROOT, format, smallest);
        }
        if (p < 100 && p >= 100 - smallest / 2) {
            return ">" + String.format(Locale.ROOT, format, 100 - smallest);
        }
        return String.format(Locale.ROOT, format, p);
    }

    /** At most two decimals, no trailing zeros. */
    static String plain(double value) {
        return String.format(Locale.ROOT, "%.2f", value).replaceAll("\\.?0+$", "");
    }

    /** A count with thousands separated. */
    static String count(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }
}
