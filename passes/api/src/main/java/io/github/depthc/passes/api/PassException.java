// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

/** A pass failed by its own fault; the message names it, where it comes from, and the passes that ran before. */
public final class PassException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PassException(String message, Throwable cause) {
        super(message, cause);
    }
}
