// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Weights that a pass has computed, too large for {@link WeightExpr.Inline}: {@code @computed:"name"} in the text form, which does not
 * have their values. They are in memory, outside the Java heap, until they are written out with the model.
 */
public final class ComputedWeights implements WeightStore {
    /** Their source. */
    public static final String SOURCE = "computed";
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final WeightStore others;
    private final Map<String, MemorySegment> computed;

    private ComputedWeights(WeightStore others, Map<String, MemorySegment> computed) {
        this.others = others;
        this.computed = computed;
    }

    /** The weight of this name and shape, in F32. */
    public static WeightExpr.Stored weight(String name, long... shape) {
        if (name.isBlank()) {
            throw new IllegalArgumentException("the name of a computed weight is empty");
        }
        return new WeightExpr.Stored(SOURCE, name, TensorType.fixed(DType.F32, shape));
    }

    /**
     * A store that has one more computed weight.
     *
     * @param others where all other weights are
     * @param values as many as the weight has elements, row by row
     */
    public static WeightStore add(WeightStore others, WeightExpr.Stored weight, float[] values) {
        if (!weight.source().equals(SOURCE) || weight.type().dtype() != DType.F32 || weight.byteSize() != (long) values.length * Float.BYTES) {
            throw new IllegalArgumentException(values.length + " computed values for " + weight);
        }
        MemorySegment bytes = Arena.ofAuto().allocate(Math.max(1, weight.byteSize()), Long.BYTES).asSlice(0, weight.byteSize());
        MemorySegment.copy(values, 0, bytes, F32, 0, values.length);
        boolean more = others instanceof ComputedWeights;
        Map<String, MemorySegment> all = more ? new HashMap<>(((ComputedWeights) others).computed) : new HashMap<>();
        if (all.putIfAbsent(weight.name(), bytes.asReadOnly()) != null) {
            throw new IllegalArgumentException("the weight \"" + weight.name() + "\" has been computed already");
        }
        return new ComputedWeights(more ? ((ComputedWeights) others).others : others, all);
    }

    @Override
    public Extent find(WeightExpr.Stored weight) {
        if (!weight.source().equals(SOURCE)) {
            return others.find(weight);
        }
        return Optional.ofNullable(computed.get(weight.name())).map(Extent::new).orElseThrow(() -> new InputException("the computed weight \"" + weight.name()
                + "\" is not here: a model's text has no values of it; run the pass that computes it"));
    }
}
