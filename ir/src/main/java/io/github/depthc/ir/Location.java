// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/**
 * Where something came from: a line and column (from 1) of a text file, or, with line 0, a description such as
 * {@code layer 3}.
 */
public record Location(String source, int line, int column) {
    /** Nothing is known. */
    public static final Location NONE = new Location("", 0, 0);

    /** A place that is not in a text file. */
    public static Location of(String description) {
        return new Location(OneLine.of(description), 0, 0);
    }

    @Override
    public String toString() {
        return line == 0 ? source : source + ":" + line + ":" + column;
    }
}
