// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.reference.Interpreter;
import io.github.depthc.reference.Rows;
import io.github.depthc.reference.SelectionListener;
import io.github.depthc.reference.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;

/** Runs a graph on its own by the reference interpreter. */
final class ReferenceGraph {
    private ReferenceGraph() {
    }

    /** Its yields, as {@link Traces#graph} notes them. */
    static Trace trace(RandomGraph drawn, Interpreter.Precision precision) {
        var inputs = new HashMap<String, Object>();
        drawn.inputs().forEach((name, t) -> inputs.put(name, new Tensor(numbers(t), Arrays.stream(t.shape()).mapToInt(Math::toIntExact).toArray())));
        inputs.put(GraphNames.ROWS, Rows.of(ints(drawn, GraphNames.ROW_LENGTHS), ints(drawn, GraphNames.ROW_STARTS)));
        List<Object> yields = Interpreter.run(drawn.model().graph(), drawn.model().weights(), inputs, SelectionListener.NONE, precision);
        var items = new ArrayList<Trace.Item>();
        for (Object y : yields) {
            items.add(Traces.output(items.size(), (Tensor) y));
        }
        return new Trace(items);
    }

    private static double[] numbers(HostTensor t) {
        if (t.dtype() == DType.I64) {
            return Arrays.stream(t.longs()).asDoubleStream().toArray();
        }
        float[] values = t.floats();
        double[] numbers = new double[values.length];
        Arrays.setAll(numbers, i -> values[i]);
        return numbers;
    }

    private static int[] ints(RandomGraph drawn, String name) {
        return Arrays.stream(drawn.inputs().get(name).longs()).mapToInt(Math::toIntExact).toArray();
    }
}
