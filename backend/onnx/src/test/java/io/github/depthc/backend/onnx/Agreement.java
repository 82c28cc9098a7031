// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.ir.Region;
import io.github.depthc.reference.Cache;
import io.github.depthc.reference.Interpreter;
import io.github.depthc.reference.Tensor;
import java.util.List;
import java.util.Map;

/** Compares what emitted graphs compute with what the IR means. */
final class Agreement {
    private Agreement() {
    }

    /** Runs both emitted forms and the reference; all yields agree within the tolerance. Gives the reference's yields. */
    static List<Object> check(Region graph, Map<String, ?> inputs, double tolerance) {
        List<Object> expected = Interpreter.run(graph, inputs);
        same(expected, OrtRun.run(graph, false, inputs), tolerance, "contrib form");
        same(expected, OrtRun.run(graph, true, inputs), tolerance, "portable form");
        return expected;
    }

    static void same(List<Object> expected, List<Object> actual, double tolerance, String what) {
        assertEquals(expected.size(), actual.size(), what);
        for (int i = 0; i < expected.size(); i++) {
            String at = what + ", yield " + i;
            switch (expected.get(i)) {
                case Tensor t -> {
                    var a = (Tensor) actual.get(i);
                    assertArrayEquals(t.shape(), a.shape(), at + ": shape");
                    close(t.data(), a.data(), tolerance, at);
                }
                case Cache c -> {
                    var a = (Cache) actual.get(i);
                    assertArrayEquals(c.lengths(), a.lengths(), at + ": lengths");
                    for (int r = 0; r < c.rows().size(); r++) {
                        for (int s = 0; s < c.rows().get(r).size(); s++) {
                            close(c.rows().get(r).get(s).key(), a.rows().get(r).get(s).key(), tolerance, at + ": key " + s + " of row " + r);
                            close(c.rows().get(r).get(s).value(), a.rows().get(r).get(s).value(), tolerance, at + ": value " + s + " of row " + r);
                        }
                    }
                }
                default -> throw new IllegalArgumentException(expected.get(i).toString());
            }
        }
    }

    private static void close(double[] expected, double[] actual, double tolerance, String what) {
        if (tolerance == 0) {
            assertArrayEquals(expected, actual, what);
        } else {
            assertArrayEquals(expected, actual, tolerance, what);
        }
    }
}
