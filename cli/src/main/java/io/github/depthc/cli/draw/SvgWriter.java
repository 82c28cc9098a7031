// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import io.github.depthc.cli.report.Markup;
import java.util.Locale;

/** The few SVG elements that pictures are drawn with. Lengths are in user units; every text is escaped here. */
public final class SvgWriter {
    private final StringBuilder out = new StringBuilder();

    /** Markup as it is. */
    public SvgWriter raw(String markup) {
        out.append(markup);
        return this;
    }

    /** A rectangle with a tooltip; {@code tooltip} may be empty. */
    public SvgWriter rect(String style, double x, double y, double width, double height, double radius, String tooltip) {
        out.append("<rect class=\"").append(style).append("\" x=\"").append(number(x)).append("\" y=\"").append(number(y))
                .append("\" width=\"").append(number(width)).append("\" height=\"").append(number(height)).append('"');
        if (radius > 0) {
            out.append(" rx=\"").append(number(radius)).append('"');
        }
        return close("rect", tooltip);
    }

    /** A filled circle with a tooltip. */
    public SvgWriter dot(String style, double x, double y, double radius, String tooltip) {
        out.append("<circle class=\"").append(style).append("\" cx=\"").append(number(x)).append("\" cy=\"").append(number(y))
                .append("\" r=\"").append(number(radius)).append('"');
        return close("circle", tooltip);
    }

    /** A horizontal line. */
    public SvgWriter rule(String style, double x1, double x2, double y) {
        out.append("<path class=\"").append(style).append("\" d=\"M").append(number(x1)).append(' ').append(number(y)).append('H')
                .append(number(x2)).append("\"/>\n");
        return this;
    }

    /** A line through {@code path}, which is path data. */
    public SvgWriter path(String style, String path) {
        return path(style, path, "");
    }

    /** A line through {@code path}, which is path data, with a tooltip. */
    public SvgWriter path(String style, String path, String tooltip) {
        out.append("<path class=\"").append(style).append("\" d=\"").append(path).append('"');
        return close("path", tooltip);
    }

    /** A line of text; {@code style} also says how it is anchored. */
    public SvgWriter text(String style, double x, double y, String text) {
        out.append("<text class=\"").append(style).append("\" x=\"").append(number(x)).append("\" y=\"").append(number(y)).append("\">")
                .append(Markup.escape(text)).append("</text>\n");
        return this;
    }

    /** At most two decimals, no trailing zeros. */
    public static String number(double value) {
        String s = String.format(Locale.ROOT, "%.2f", value);
        return s.replaceAll("\\.?0+$", "");
    }

    private SvgWriter close(String element, String tooltip) {
        if (tooltip.isEmpty()) {
            out.append("/>\n");
        } else {
            out.append("><title>").append(Markup.escape(tooltip)).append("</title></").append(element).append(">\n");
        }
        return this;
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
