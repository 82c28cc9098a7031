// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;

/**
 * A text that cannot be read. The message is one line, {@code file:line:column: found 'x', expected y}; {@link #excerpt}
 * has the offending line.
 */
public final class TextException extends InputException {
    private static final long serialVersionUID = 1L;

    private final transient Diagnostic diagnostic;
    private final String excerpt;

    TextException(Location at, String message, String excerpt) {
        super(at + ": " + message);
        this.diagnostic = Diagnostic.error(at, message);
        this.excerpt = excerpt;
    }

    /** What is wrong, and where. */
    public Diagnostic diagnostic() {
        return diagnostic;
    }

    /** The offending line and, on a second line, a caret under its column; empty where no line can be shown. */
    public String excerpt() {
        return excerpt;
    }
}
