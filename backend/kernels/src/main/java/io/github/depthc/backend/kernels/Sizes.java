// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import java.util.EnumMap;
import java.util.Map;

/** Sizes of one launch, immutable: {@code Sizes.of(Size.TOKENS, 634).with(Size.WIDTH, 4096)}. */
public final class Sizes {
    private final Map<Size, Long> values;

    private Sizes(Map<Size, Long> values) {
        this.values = values;
    }

    /** One size. */
    public static Sizes of(Size size, long value) {
        return new Sizes(new EnumMap<>(Size.class)).with(size, value);
    }

    /**
     * These and one more, or another value of one.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Sizes with(Size size, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(size + " is " + value + ", expected 0 or more");
        }
        var more = new EnumMap<Size, Long>(Size.class);
        more.putAll(values);
        more.put(size, value);
        return new Sizes(more);
    }

    /** @throws IllegalArgumentException if it is not given */
    public long get(Size size) {
        Long value = values.get(size);
        if (value == null) {
            throw new IllegalArgumentException(size + " is missing beside " + values);
        }
        return value;
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
