// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import java.util.List;
import java.util.Map;

/** Where an {@link OnnxOp} puts its operators: standard ones of opset 23, or ONNX Runtime's own. */
public interface OnnxGraph {
    /**
     * Adds an operator and gives the names of its outputs.
     *
     * @param domain     "" for the standard, {@code com.microsoft} for ONNX Runtime's own
     * @param type       such as {@code ReduceSum}
     * @param inputs     names; "" leaves an optional one out
     * @param outputs    how many outputs are wanted
     * @param attributes by name: {@link Long}, {@link Integer}, {@link Float}, {@link String} or {@code long[]}
     * @throws IllegalArgumentException for another domain, or an attribute of another type
     */
    List<String> op(String domain, String type, List<String> inputs, int outputs, Map<String, ?> attributes);

    /** A standard operator of one output without attributes. */
    default String op(String type, String... inputs) {
        return op("", type, List.of(inputs), 1, Map.of()).getFirst();
    }

    /** An I64 vector. */
    String i64s(long... values);

    /** An F32 scalar. */
    String f32(double value);

    /** True if ONNX Runtime's own operators may not be used. */
    boolean portable();
}
