// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import io.github.depthc.ir.DType;

/** Element type of the rows of hidden states, keys and values. Scores, gates and all arithmetic are in FP32 whatever it is. */
public enum Precision {
    F32(DType.F32), BF16(DType.BF16), F16(DType.F16);

    private final DType dtype;

    Precision(DType dtype) {
        this.dtype = dtype;
    }

    /** As an element type of the IR. */
    public DType dtype() {
        return dtype;
    }

    /** Bytes of an element. */
    public int bytes() {
        return dtype.bytes();
    }

    /** Its name in CUDA sources and file names: {@code bf16}. */
    public String text() {
        return dtype.text();
    }
}
