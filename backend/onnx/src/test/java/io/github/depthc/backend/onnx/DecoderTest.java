// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.backend.onnx.TinyDecoder.Layer;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.mod.RandomKey;
import io.github.depthc.reference.Cache;
import io.github.depthc.reference.Rows;
import io.github.depthc.reference.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DecoderTest {
    private static final double TOLERANCE = 2e-5;
    private static final int STEPS = 4;

    private record Model(String name, Region graph) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Model> models() {
        return List.of(
                new Model("dense", TinyDecoder.of(8, 0, null, null)),
                new Model("dense, odd head size", TinyDecoder.of(6, 0, null, null)),
                new Model("dense, window", TinyDecoder.of(8, 4, null, null)),
                new Model("pmod", TinyDecoder.of(8, 0, null, Layer.pmod(0.5), Layer.pmod(0.2))),
                new Model("pmod keeping nothing", TinyDecoder.of(8, 0, null, Layer.pmod(0), null)),
                new Model("gamma", TinyDecoder.of(8, 0, null, Layer.gamma(0.3, 0.5), Layer.gamma(0.6, 0.7))),
                new Model("plain", TinyDecoder.of(8, 0, null, Layer.plain(0.4, false), null)),
                new Model("plain, kept keys", TinyDecoder.of(8, 0, null, Layer.plain(0.4, true), null)),
                new Model("plain, kept keys, window", TinyDecoder.of(8, 3, null, Layer.plain(0.4, true))),
                new Model("plain, window", TinyDecoder.of(8, 3, null, Layer.plain(0.4, false))));
    }

    /** Prompts, some steps, for rows that come one after the other in {@code input_ids}. */
    private static final class Session {
        private final Region graph;
        private final List<Integer> rowsInUse;
        private int[] done;
        private Map<String, Object> caches = new HashMap<>();

        Session(Region graph, Integer... rows) {
            this.graph = graph;
            this.rowsInUse = List.of(rows);
            this.done = new int[rows.length];
            for (Param p : graph.params()) {
                if (p.name().startsWith("cache.")) {
                    caches.put(p.name(), Cache.empty(rows.length));
                }
            }
        }

        /** The inputs for these many new tokens of each row; tokens depend on row and place alone. */
        Map<String, Object> inputs(boolean routes, int... lengths) {
            int[] n = rowsInUse.stream().mapToInt(r -> lengths[r]).toArray();
            var ids = new ArrayList<Double>();
            var positions = new ArrayList<Double>();
            var candidates = new ArrayList<Double>();
            double[] last = new double[n.length];
            for (int r = 0; r < n.length; r++) {
                for (int i = 0; i < n[r]; i++) {
                    int position = done[r] + i;
                    ids.add((double) (int) (RandomKey.of(position, 0, rowsInUse.get(r)) % TinyDecoder.VOCAB));
                    positions.add((double) position);
                    candidates.add(routes && position > 0 ? 1.0 : 0.0);
                }
                last[r] = ids.size() - 1;
            }
            var inputs = new HashMap<>(caches);
            inputs.put(GraphNames.TOKEN_IDS, vector(ids));
            inputs.put(GraphNames.POSITIONS, vector(positions));
            inputs.put(GraphNames.CANDIDATES, vector(candidates));
            inputs.put(GraphNames.LOGITS_AT, Tensor.vector(last));
            inputs.put(GraphNames.ROWS, Rows.of(n, done));
            return inputs;
        }

        /** Takes the caches that these yields end with. */
        void advance(List<Object> yields, int... lengths) {
            for (int i = 1; i < yields.size(); i++) {
                caches.put(GraphNames.cache(i - 1), yields.get(i));
            }
            done = IntStream.range(0, done.length).map(r -> done[r] + lengths[rowsInUse.get(r)]).toArray();
        }

        private static Tensor vector(List<Double> values) {
            return Tensor.vector(values.stream().mapToDouble(v -> v).toArray());
        }
    }

    private static final int[] PROMPTS = {9, 1, 23};
    private static final int[] STEP = {1, 1, 1};

    @ParameterizedTest
    @MethodSource("models")
    void agreesWithTheReferenceInPromptAndDecode(Model model) {
        for (boolean routesDecode : new boolean[] {false, true}) {
            var session = new Session(model.graph(), 0, 1, 2);
            session.advance(Agreement.check(model.graph(), session.inputs(true, PROMPTS), TOLERANCE), PROMPTS);
            for (int i = 0; i < STEPS; i++) {
                session.advance(Agreement.check(model.graph(), session.inputs(routesDecode, STEP), TOLERANCE), STEP);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void oneRowTakesSeveralTokensOnAPast(Model model) {
        var session = new Session(model.graph(), 0);
        session.advance(Agreement.check(model.graph(), session.inputs(true, 9), TOLERANCE), 9);
        session.advance(Agreement.check(model.graph(), session.inputs(true, 5), TOLERANCE), 5);
        Agreement.check(model.graph(), session.inputs(false, 3), TOLERANCE);
    }

    @ParameterizedTest
    @MethodSource("models")
    void aRowsLogitsAreBitEqualAloneAndInABatch(Model model) {
        for (boolean portable : new boolean[] {false, true}) {
            List<double[]> batch = logits(model.graph(), portable, 0, 1, 2);
            for (int row = 0; row < PROMPTS.length; row++) {
                List<double[]> alone = logits(model.graph(), portable, row);
                for (int i = 0; i <= STEPS; i++) {
                    double[] inBatch = Arrays.copyOfRange(batch.get(i), row * TinyDecoder.VOCAB, (row + 1) * TinyDecoder.VOCAB);
                    assertArrayEquals(alone.get(i), inBatch, model + ", row " + row + ", step " + i + ", portable " + portable);
                }
            }
        }
    }

    private static List<double[]> logits(Region graph, boolean portable, Integer... rows) {
        var out = new ArrayList<double[]>();
        var session = new Session(graph, rows);
        for (int i = 0; i <= STEPS; i++) {
            int[] lengths = i == 0 ? PROMPTS : STEP;
            List<Object> yields = OrtRun.run(graph, portable, session.inputs(i == 0, lengths));
            out.add(((Tensor) yields.getFirst()).data());
            session.advance(yields, lengths);
        }
        return out;
    }

    @Test
    void theTwoFormsDifferByRoundingOnly() {
        for (Model model : models()) {
            List<double[]> contrib = logits(model.graph(), false, 0, 1, 2);
            List<double[]> portable = logits(model.graph(), true, 0, 1, 2);
            for (int i = 0; i <= STEPS; i++) {
                assertArrayEquals(contrib.get(i), portable.get(i), 1e-5, model + ", step " + i);
            }
        }
    }

    @Test
    void aRatioOfOneWithGatesAtOneIsTheDenseModel() {
        Region dense = TinyDecoder.of(8, 0, null, null);
        Region routed = TinyDecoder.of(8, 0, Layer.plain(1, false), Layer.plain(1, false));
        List<double[]> expected = logits(dense, false, 0, 1, 2);
        List<double[]> actual = logits(routed, false, 0, 1, 2);
        for (int i = 0; i <= STEPS; i++) {
            assertArrayEquals(expected.get(i), actual.get(i));
        }
    }

    @Test
    void cacheLengthsFollowTheSelection() {
        Region graph = TinyDecoder.of(8, 0, null, Layer.pmod(0.5), Layer.plain(0.5, true));
        var session = new Session(graph, 0, 1, 2);
        List<Object> yields = OrtRun.run(graph, false, session.inputs(true, PROMPTS));
        assertArrayEquals(PROMPTS, ((Cache) yields.get(1)).lengths());
        // The first token is no candidate: 1 + trunc(8 / 2), 1 + 0, 1 + trunc(22 / 2).
        assertArrayEquals(new int[] {5, 1, 12}, ((Cache) yields.get(2)).lengths());
        assertArrayEquals(PROMPTS, ((Cache) yields.get(3)).lengths());
        assertEquals(4, yields.size());
    }
}
