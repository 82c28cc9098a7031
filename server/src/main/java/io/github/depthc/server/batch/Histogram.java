// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

/** Counts of seconds in fixed ranges. Thread-safe. */
public final class Histogram {
    private static final double[] BOUNDS = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

    private final long[] counts = new long[BOUNDS.length + 1];
    private double sum;

    Histogram() {
    }

    synchronized void add(double seconds) {
        int i = 0;
        while (i < BOUNDS.length && seconds > BOUNDS[i]) {
            i++;
        }
        counts[i]++;
        sum += seconds;
    }

    /** A copy of what has been counted so far. */
    public synchronized Counts counts() {
        return new Counts(BOUNDS.clone(), counts.clone(), sum);
    }

    /**
     * What a histogram has counted.
     *
     * @param bounds upper bounds of the ranges, in seconds
     * @param counts counts of the ranges, and behind them of all above
     * @param sum    of all seconds
     */
    public record Counts(double[] bounds, long[] counts, double sum) {
    }
}
