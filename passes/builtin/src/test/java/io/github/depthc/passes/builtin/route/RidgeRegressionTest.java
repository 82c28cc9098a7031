// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RidgeRegressionTest {
    private static final int WIDTH = 7;
    private static final int ROWS = 300;
    private final Random random = new Random(3);
    private final double[] truth = random.doubles(WIDTH, -2, 2).toArray();

    /** Whatever is added to all rows and targets of one group, the same weights come out. */
    @Test
    void aLinearSignalIsRecovered() {
        try (var r = new RidgeRegression(WIDTH)) {
            for (int group = 0; group < 4; group++) {
                float[] x = rows(10 * group);
                r.add(x, all(), signal(x, 100 * group));
            }
            double[] w = r.fit(1e-9);
            assertArrayEquals(truth, w, 1e-6);
            assertEquals(1, r.explained(w), 1e-9);
            assertEquals(0, r.explained(new double[WIDTH]), 0);
        }
    }

    /** By the normal equations, solved here by elimination. */
    @Test
    void theRidgeIsAShareOfEachVariance() {
        float[] x = rows(0);
        for (int i = 0; i < x.length; i += WIDTH) {
            x[i] *= 1000;
        }
        double[] y = random.doubles(ROWS).toArray();
        int[] which = IntStream.range(0, ROWS).filter(i -> i % 3 != 0).toArray();
        double[] counted = Arrays.stream(which).mapToDouble(i -> y[i]).toArray();
        double ridge = 0.5;
        try (var r = new RidgeRegression(WIDTH)) {
            r.add(x, which, counted);
            double[] expected = new NormalEquations(WIDTH).add(x, which, counted).solve(ridge);
            double[] w = r.fit(ridge);
            for (int i = 0; i < WIDTH; i++) {
                assertEquals(expected[i], w[i], 1e-7 * Math.abs(expected[i]), "weight " + i);
            }
        }
    }

    @Test
    void sumsAreAdded() {
        float[] x = rows(0);
        float[] more = rows(5);
        double[] y = random.doubles(ROWS).toArray();
        double[] moreY = random.doubles(ROWS).toArray();
        try (var one = new RidgeRegression(WIDTH); var a = new RidgeRegression(WIDTH); var b = new RidgeRegression(WIDTH)) {
            one.add(x, all(), y);
            one.add(more, all(), moreY);
            a.add(x, all(), y);
            b.add(more, all(), moreY);
            a.add(b);
            assertArrayEquals(one.fit(0.1), a.fit(0.1), 1e-12);
            assertEquals(one.explained(truth), a.explained(truth), 1e-9);
        }
    }

    /** What is fitted to noise explains little of other noise. */
    @Test
    void whatWasNotFittedToJudges() {
        try (var a = new RidgeRegression(WIDTH); var b = new RidgeRegression(WIDTH)) {
            a.add(rows(0), all(), random.doubles(ROWS).toArray());
            b.add(rows(0), all(), random.doubles(ROWS).toArray());
            assertTrue(b.explained(a.fit(0.01)) < 0.05);
        }
    }

    @Test
    void rowsThatDoNotDifferSayNothing() {
        try (var r = new RidgeRegression(WIDTH)) {
            var x = new float[ROWS * WIDTH];
            Arrays.fill(x, 3);
            r.add(x, all(), random.doubles(ROWS).toArray());
            assertArrayEquals(new double[WIDTH], r.fit(0.01));
        }
    }

    private static int[] all() {
        return IntStream.range(0, ROWS).toArray();
    }

    private float[] rows(float mean) {
        var x = new float[ROWS * WIDTH];
        for (int i = 0; i < x.length; i++) {
            x[i] = mean + (float) random.nextGaussian();
        }
        return x;
    }

    private double[] signal(float[] x, double offset) {
        return IntStream.range(0, ROWS).mapToDouble(r -> offset + IntStream.range(0, WIDTH).mapToDouble(i -> truth[i] * x[r * WIDTH + i]).sum()).toArray();
    }
}
