// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import java.util.Locale;

/** Which bytes the graph's weights are. */
public enum WeightsVariant {
    /** {@link #SOURCE} for an F32 checkpoint, else {@link #FP32}. */
    AUTO,
    /** The checkpoint's own files, copied byte for byte and referred to by offset. */
    SOURCE,
    /** Every weight evaluated and written in F32. */
    FP32,
    /** As {@link #FP32}, but for linear layers and tables in integers of 8 bits with a scale for each block. */
    INT8,
    /** As {@link #INT8}, in 4 bits. */
    INT4;

    /** Spelling in options and in {@code bundle.json}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
