// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/** Operands, regions or attributes that an op kind does not accept; the message says what it has and what was expected. */
public final class TypeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TypeException(String message) {
        super(message);
    }
}
