// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

/** A template that is wrong, or uses what is not supported here, or takes more than it may, or refuses what it was given. */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why there is no text. */
    public enum Reason {
        /** The template itself refuses, by {@code raise_exception}. */
        RAISED,
        /** It takes more time, memory or depth than it may. */
        LIMIT,
        /** It is wrong, for these values at least, or uses what is not there. */
        FAILED
    }

    private final Reason reason;
    private final int line;

    TemplateException(String message) {
        this(message, Reason.FAILED);
    }

    TemplateException(String message, Reason reason) {
        this(message, reason, 0);
    }

    private TemplateException(String message, Reason reason, int line) {
        super(message, null, false, false);
        this.reason = reason;
        this.line = line;
    }

    /** With the line of the template; as it is where the line is known already, and where the template speaks for itself. */
    TemplateException at(int where) {
        return line > 0 || reason == Reason.RAISED ? this : new TemplateException("line " + where + ": " + getMessage(), reason, where);
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }
}
