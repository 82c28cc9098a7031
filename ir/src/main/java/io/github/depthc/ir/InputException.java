// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/**
 * Something the user gave is wrong (a file, an option, a model). The message is one line that says what was found, what
 * was expected, where, and what to do; it is shown as it is, without a stack trace, and the command exits with 2.
 */
public class InputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public InputException(String message) {
        super(message);
    }

    public InputException(String message, Throwable cause) {
        super(message, cause);
    }
}
