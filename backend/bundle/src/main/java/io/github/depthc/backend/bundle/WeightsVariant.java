// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalInt;

/** Which bytes the graph's weights are. */
public enum WeightsVariant {
    /** {@link #SOURCE} for an F32 checkpoint, else {@link #FP32}. */
    AUTO,
    /** The checkpoint's own files, copied byte for byte and referred to by offset. */
    SOURCE,
    /** Every weight evaluated and written in F32. */
    FP32,
    /** Matrices in BF16, in derived files: half the bytes of {@link #FP32}. ONNX Runtime's CPU casts them to F32 when it loads the model. */
    BF16,
    /** As {@link #FP32}, but for linear layers and tables in integers of 8 bits with a scale for each block. */
    INT8,
    /** As {@link #INT8}, in 4 bits. */
    INT4;

    /** Bits of the integers that most weights are in; empty where they are floating point numbers. */
    public OptionalInt bits() {
        return switch (this) {
            case INT8 -> OptionalInt.of(8);
            case INT4 -> OptionalInt.of(4);
            case AUTO, SOURCE, FP32, BF16 -> OptionalInt.empty();
        };
    }

    /** The variant with integers of so many bits; {@link IllegalArgumentException} when there is none. */
    public static WeightsVariant ofBits(int bits) {
        return Arrays.stream(values()).filter(v -> v.bits().equals(OptionalInt.of(bits))).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("weights of " + bits + " bits"));
    }

    /** Spelling in options and in {@code bundle.json}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
