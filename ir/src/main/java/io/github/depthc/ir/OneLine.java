// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/** Text of any shape, for a message of one line. */
public final class OneLine {
    private OneLine() {
    }

    /** The text with its line breaks, and the white space after each, as single spaces. */
    public static String of(String text) {
        return String.join(" ", text.strip().split("\\R\\s*"));
    }
}
