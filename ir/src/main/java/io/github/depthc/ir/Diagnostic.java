// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/** One finding: what was found and what was expected, and where. */
public record Diagnostic(Severity severity, Location location, String message) {
    public Diagnostic {
        message = OneLine.of(message);
    }

    /** How bad it is. */
    public enum Severity { ERROR, WARNING, REMARK }

    public static Diagnostic error(Location location, String message) {
        return new Diagnostic(Severity.ERROR, location, message);
    }

    public static Diagnostic warning(Location location, String message) {
        return new Diagnostic(Severity.WARNING, location, message);
    }

    public static Diagnostic remark(Location location, String message) {
        return new Diagnostic(Severity.REMARK, location, message);
    }

    @Override
    public String toString() {
        String where = location.toString();
        return (where.isEmpty() ? "" : where + ": ") + severity.name().toLowerCase(java.util.Locale.ROOT) + ": " + message;
    }
}
