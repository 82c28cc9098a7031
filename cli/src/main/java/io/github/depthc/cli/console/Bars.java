// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

/** Horizontal bars made of characters. */
public final class Bars {
    private static final String EIGHTHS = " ▏▎▍▌▋▊▉";

    private Bars() {
    }

    /**
     * A bar of exactly {@code width} characters.
     *
     * @param part    filled part, 0 to 1
     * @param width   characters
     * @param unicode block characters in eighths, else {@code #} and {@code .}
     */
    public static String bar(double part, int width, boolean unicode) {
        double p = Math.clamp(part, 0, 1);
        if (!unicode) {
            int full = (int) Math.round(p * width);
            return "#".repeat(full) + ".".repeat(width - full);
        }
        int eighths = (int) Math.round(p * width * 8);
        int full = eighths / 8;
        String bar = "█".repeat(full) + (eighths % 8 == 0 ? "" : EIGHTHS.charAt(eighths % 8));
        return bar + " ".repeat(width - bar.length());
    }
}
