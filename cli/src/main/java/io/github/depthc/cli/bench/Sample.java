// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.bench;

import java.util.Arrays;

/**
 * Median of some measurements and how far they spread: the median of their distances from it (MAD).
 *
 * @param median half are below
 * @param mad    half are nearer to the median
 */
record Sample(double median, double mad) {
    static Sample of(double... values) {
        double median = middle(values);
        return new Sample(median, middle(Arrays.stream(values).map(v -> Math.abs(v - median)).toArray()));
    }

    private static double middle(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    }
}
