// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.eval;

import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * A mean and its 95 % interval, by resampling whole prompts (percentile bootstrap, 2000 resamples, fixed seed): tokens of one
 * prompt are not independent.
 *
 * @param value    the mean
 * @param interval empty of one prompt, of which every resample is the same
 */
record Estimate(double value, Optional<Interval> interval) {
    private static final int RESAMPLES = 2000;

    /**
     * Where 95 % of the resampled means are.
     *
     * @param low  2.5 % of them are lower
     * @param high 2.5 % are higher
     */
    record Interval(double low, double high) {
    }

    /** A statistic of a set of prompts, given by the places of the prompts, some of them perhaps more than once. */
    static Estimate of(int prompts, ToDoubleFunction<int[]> statistic) {
        int[] all = new int[prompts];
        Arrays.setAll(all, i -> i);
        double value = statistic.applyAsDouble(all);
        return new Estimate(value, prompts == 1 ? Optional.empty() : Optional.of(interval(prompts, statistic)));
    }

    private static Interval interval(int prompts, ToDoubleFunction<int[]> statistic) {
        var random = new SplittableRandom(0);
        double[] resampled = new double[RESAMPLES];
        int[] drawn = new int[prompts];
        for (int r = 0; r < RESAMPLES; r++) {
            Arrays.setAll(drawn, i -> random.nextInt(prompts));
            resampled[r] = statistic.applyAsDouble(drawn);
        }
        Arrays.sort(resampled);
        return new Interval(resampled[RESAMPLES / 40], resampled[RESAMPLES - 1 - RESAMPLES / 40]);
    }

    /** Of e to the power of it: percentiles keep their places. */
    Estimate exp() {
        return new Estimate(Math.exp(value), interval.map(i -> new Interval(Math.exp(i.low), Math.exp(i.high))));
    }
}
