// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.skip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GramMatricesTest {
    private static final int WIDTH = 6;
    private static final int ROWS = 700;

    private final Random random = new Random(5);
    private final float[] x = normal(ROWS * WIDTH, 1);

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3, 6})
    void aMapOfThatRankIsRecovered(int rank) {
        int expected = rank == 0 ? WIDTH : rank;
        float[] y = affine(x, expected);
        AffineMap map = fit(x, y, all(ROWS), rank, 0);
        assertEquals(expected, map.rank());
        assertEquals(1, map.explains(), 1e-6);
        assertArrayEquals(y, applied(map, x), 1e-4f);
    }

    /** What is fitted is the best map of its rank: no other has less squares, and more rank has less. */
    @Test
    void aLowerRankIsTheBestOfItsRank() {
        float[] noise = normal(ROWS * WIDTH, 0.5);
        float[] y = affine(x, WIDTH);
        for (int i = 0; i < y.length; i++) {
            y[i] += noise[i];
        }
        double before = Double.MAX_VALUE;
        for (int rank = 1; rank <= WIDTH; rank++) {
            AffineMap map = fit(x, y, all(ROWS), rank, 0);
            double squares = squares(map, y);
            assertTrue(squares < before, rank + ": " + squares + ", with less rank " + before);
            assertEquals(1 - squares / variance(y), map.explains(), 1e-5);
            before = squares;
            for (int i = 0; i < 20; i++) {
                float[] up = map.up().clone();
                float[] down = map.down().clone();
                up[random.nextInt(up.length)] += 0.02f;
                down[random.nextInt(down.length)] -= 0.02f;
                assertTrue(squares(new AffineMap(down, up, map.c(), rank, 0), y) > squares, "rank " + rank);
            }
        }
    }

    /** The ridge is a share of the mean variance: with 1, independent inputs of equal variance give half of the map. */
    @Test
    void theRidgeShrinksTheMapAndLeavesTheMean() {
        var steps = new float[ROWS * WIDTH];
        for (int r = 0; r < ROWS; r++) {
            steps[r * WIDTH + r % WIDTH] = 1;
        }
        float[] y = steps.clone();
        AffineMap map = fit(steps, y, all(ROWS / WIDTH * WIDTH), 0, 1);
        float[] fitted = applied(map, steps);
        double[] mean = new double[WIDTH];
        for (int r = 0; r < ROWS / WIDTH * WIDTH; r++) {
            for (int i = 0; i < WIDTH; i++) {
                mean[i] += fitted[r * WIDTH + i] / (ROWS / WIDTH * WIDTH);
            }
        }
        for (double m : mean) {
            assertEquals(1.0 / WIDTH, m, 1e-6);
        }
        // of the centred steps, all directions but the constant one have variance 1/6, and the mean variance is 5/36
        assertEquals((1 / 6.0) / (1 / 6.0 + 5 / 36.0), fitted[0] - fitted[1], 1e-6);
    }

    @Test
    void onlyTheChosenRowsCountAndPartsAddUp() {
        float[] y = affine(x, 3);
        float[] spoilt = y.clone();
        for (int i = 0; i < WIDTH * 100; i++) {
            spoilt[i] = 1e6f;
        }
        int[] rest = IntStream.range(100, ROWS).toArray();
        AffineMap whole = fit(x, spoilt, rest, 3, 1e-3);
        try (var parts = new GramMatrices(WIDTH)) {
            for (int begin = 100; begin < ROWS; begin += 50) {
                parts.add(x, spoilt, IntStream.range(begin, begin + 50).toArray());
            }
            assertEquals(ROWS - 100, parts.count());
            assertArrayEquals(applied(whole, x), applied(parts.fit(3, 1e-3).orElseThrow(), x), 1e-4f);
        }
    }

    @Test
    void rowsThatLeaveADirectionOpenNeedARidge() {
        float[] flat = x.clone();
        for (int r = 0; r < ROWS; r++) {
            flat[r * WIDTH + 4] = 0;
        }
        try (var gram = new GramMatrices(WIDTH)) {
            gram.add(flat, affine(x, 2), all(ROWS));
            assertTrue(gram.fit(2, 0).isEmpty());
        }
        assertTrue(fit(flat, affine(x, 2), all(ROWS), 2, 1e-6).finite());
    }

    @Test
    void tooWideIsSaid() {
        assertThrows(InputException.class, () -> new GramMatrices(16_384));
    }

    private static AffineMap fit(float[] x, float[] y, int[] rows, int rank, double ridge) {
        try (var gram = new GramMatrices(WIDTH)) {
            gram.add(x, y, rows);
            return gram.fit(rank, ridge).orElseThrow();
        }
    }

    private float[] normal(int n, double deviation) {
        var values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (random.nextGaussian() * deviation);
        }
        return values;
    }

    /** Rows of x through a map of this rank made up at random, and a constant. */
    private float[] affine(float[] rows, int rank) {
        return applied(new AffineMap(normal(rank * WIDTH, 1), normal(WIDTH * rank, 1), normal(WIDTH, 3), rank, 1), rows);
    }

    private static float[] applied(AffineMap map, float[] rows) {
        var out = new float[rows.length];
        for (int r = 0; r < rows.length / WIDTH; r++) {
            for (int j = 0; j < WIDTH; j++) {
                double sum = map.c()[j];
                for (int k = 0; k < map.rank(); k++) {
                    for (int i = 0; i < WIDTH; i++) {
                        sum += (double) rows[r * WIDTH + i] * map.down()[k * WIDTH + i] * map.up()[j * map.rank() + k];
                    }
                }
                out[r * WIDTH + j] = (float) sum;
            }
        }
        return out;
    }

    private double squares(AffineMap map, float[] y) {
        float[] fitted = applied(map, x);
        return IntStream.range(0, y.length).mapToDouble(i -> (double) (y[i] - fitted[i]) * (y[i] - fitted[i])).sum();
    }

    private static double variance(float[] y) {
        double sum = 0;
        for (int j = 0; j < WIDTH; j++) {
            int column = j;
            double mean = IntStream.range(0, ROWS).mapToDouble(r -> y[r * WIDTH + column]).average().orElseThrow();
            sum += IntStream.range(0, ROWS).mapToDouble(r -> (y[r * WIDTH + column] - mean) * (y[r * WIDTH + column] - mean)).sum();
        }
        return sum;
    }

    private static int[] all(int rows) {
        return IntStream.range(0, rows).toArray();
    }
}
