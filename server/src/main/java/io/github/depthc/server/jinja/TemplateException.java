// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

/** A template that is wrong, or uses what is not supported here, or refuses what it was given. */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean raised;

    TemplateException(String message) {
        this(message, false);
    }

    TemplateException(String message, boolean raised) {
        super(message, null, false, true);
        this.raised = raised;
    }

    /** Whether the template itself refuses, by {@code raise_exception}. */
    public boolean raised() {
        return raised;
    }
}
