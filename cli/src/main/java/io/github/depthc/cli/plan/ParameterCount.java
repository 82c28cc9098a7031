// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How many numbers a checkpoint's tensors have, by element type.
 *
 * @param byType elements of each type
 */
public record ParameterCount(Map<DType, Long> byType) {
    /** Counts tensors of fixed shape. */
    public static ParameterCount of(Collection<TensorType> tensors) {
        var counts = new EnumMap<DType, Long>(DType.class);
        for (TensorType t : tensors) {
            long n = 1;
            for (long d : t.fixedShape()) {
                n = Math.multiplyExact(n, d);
            }
            counts.merge(t.dtype(), n, Long::sum);
        }
        return new ParameterCount(counts);
    }

    /** Of all types together. */
    public long total() {
        return byType.values().stream().mapToLong(n -> n).sum();
    }

    /** Bytes as they are stored. */
    public long bytes() {
        return byType.entrySet().stream().mapToLong(e -> e.getValue() * e.getKey().bytes()).sum();
    }

    /** Puts {@code count}, {@code bytes} and {@code by_dtype}. */
    public void put(ObjectNode o) {
        ObjectNode types = o.put("count", total()).put("bytes", bytes()).putObject("by_dtype");
        byType.forEach((t, n) -> types.put(t.text(), n));
    }

    /** {@code 6.74 billion parameters, bf16, 12.55 GiB}. */
    @Override
    public String toString() {
        String types = byType.size() == 1 ? byType.keySet().iterator().next().text()
                : byType.entrySet().stream().map(e -> Units.count(e.getValue()) + " " + e.getKey().text()).collect(Collectors.joining(" + "));
        return Units.count(total()) + " parameters, " + types + ", " + Units.bytes(bytes());
    }
}
