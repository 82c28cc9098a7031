// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Median of some measurements and how far they spread.
 *
 * @param median half are below
 * @param low    a quarter is below
 * @param high   a quarter is above
 */
public record Measured(double median, double low, double high) {
    public static Measured of(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return new Measured(quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75));
    }

    /** Quotients of measurements made in the same round: what disturbs a round disturbs both. */
    public static Measured ratio(List<Double> above, List<Double> below) {
        double[] quotients = new double[above.size()];
        Arrays.setAll(quotients, i -> above.get(i) / below.get(i));
        return of(Arrays.stream(quotients).boxed().toList());
    }

    private static double quantile(double[] sorted, double q) {
        double at = q * (sorted.length - 1);
        int i = (int) at;
        return i + 1 == sorted.length ? sorted[i] : sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]);
    }

    /** {@code median (low – high)}, each times a factor, with so many decimals. */
    public String text(double factor, int decimals) {
        String f = "%." + decimals + "f";
        return String.format(Locale.ROOT, f + " (" + f + " – " + f + ")", median * factor, low * factor, high * factor);
    }
}
