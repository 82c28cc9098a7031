// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.Locale;

/** Element type of a tensor. */
public enum DType {
    F64(8), F32(4), F16(2), BF16(2), I64(8), I32(4), I16(2), I8(1), U8(1), BOOL(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** True for the floating point types. */
    public boolean isFloat() {
        return this == F64 || this == F32 || this == F16 || this == BF16;
    }

    /** Spelling in the text form: {@code f32}, {@code bool}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The type with this {@link #text()}, or null. */
    public static DType ofText(String text) {
        for (DType t : values()) {
            if (t.text().equals(text)) {
                return t;
            }
        }
        return null;
    }
}
