// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.pytorch;

/** Text of a file as a message may show it. */
final class Shown {
    private static final int MAX = 200;

    private Shown() {
    }

    /** Without what a terminal would take for a command, and not longer than a line. */
    static String of(String text) {
        String plain = text.replaceAll("\\p{Cc}", "?");
        return plain.length() <= MAX ? plain : plain.substring(0, MAX) + "…";
    }
}
