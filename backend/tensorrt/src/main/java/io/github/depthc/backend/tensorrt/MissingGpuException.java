// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.ir.InputException;

/** A GPU was asked for, and this machine has none that can be used; the message says what is missing and what to install. */
public final class MissingGpuException extends InputException {
    private static final long serialVersionUID = 1L;

    MissingGpuException(String message) {
        super(message);
    }
}
