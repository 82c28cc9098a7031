// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

/** A call of NVRTC failed: the message names call, code and text, and where it was a compilation, what the compiler said. */
public final class NvrtcException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NvrtcException(String message) {
        super(message);
    }
}
