// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

/** Text made safe for XML and HTML alike, in content and in quoted attributes. */
public final class Markup {
    private static final int REPLACEMENT = 0xFFFD;

    private Markup() {
    }

    /** {@code text} with markup escaped; what XML 1.0 cannot hold (control characters, lone surrogates) becomes U+FFFD. */
    public static String escape(String text) {
        var out = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.appendCodePoint(allowed(c) ? c : REPLACEMENT);
            }
        });
        return out.toString();
    }

    /**
     * {@code text} on one line, cut with an ellipsis to {@code columns}; a character from U+1100 up counts as two columns,
     * which is right for East Asian scripts and cautious elsewhere.
     */
    public static String fit(String text, int columns) {
        String line = text.replaceAll("\\s+", " ").strip();
        int used = 0;
        for (int i = 0; i < line.length(); ) {
            int c = line.codePointAt(i);
            int width = c >= 0x1100 ? 2 : 1;
            boolean last = i + Character.charCount(c) == line.length();
            if (used + width > (last ? columns : columns - 1)) {
                return line.substring(0, i).strip() + "…";
            }
            used += width;
            i += Character.charCount(c);
        }
        return line;
    }

    private static boolean allowed(int c) {
        boolean control = c < 0x20 && c != '\t' && c != '\n' || c >= 0x7F && c < 0xA0;
        boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
        // overrides and isolates would reorder the text around them
        boolean direction = c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069;
        return !control && !surrogate && !direction && (c & 0xFFFE) != 0xFFFE;
    }
}
