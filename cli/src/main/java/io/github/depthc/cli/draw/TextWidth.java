// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

/**
 * How wide a text is, by the widths of Helvetica, which Arial and Liberation Sans share, with something to spare for the fonts
 * of other systems.
 */
final class TextWidth {
    /** Of the characters from space to tilde, in thousandths of the font's size. */
    private static final short[] HELVETICA = {
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278,
        584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944,
        667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
        278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584};
    private static final double SPARE = 1.08;
    private static final double BOLD = 1.07;
    private static final int OTHER = 620;
    private static final int WIDE = 1000;
    private static final int FIRST_WIDE = 0x1100;

    private TextWidth() {
    }

    /** The width in the units of the size. */
    static double of(String text, double size) {
        long thousandths = text.codePoints().mapToLong(c -> c >= ' ' && c <= '~' ? HELVETICA[c - ' '] : c >= FIRST_WIDE ? WIDE : OTHER).sum();
        return thousandths / 1000.0 * size * SPARE;
    }

    /** The width in bold letters. */
    static double bold(String text, double size) {
        return of(text, size) * BOLD;
    }
}
