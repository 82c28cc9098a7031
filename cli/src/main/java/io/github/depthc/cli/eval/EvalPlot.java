// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.eval;

import io.github.depthc.cli.draw.SvgWriter;
import io.github.depthc.ir.Counted;
import java.util.Locale;

/** A picture of the KL divergence along the continuation. */
final class EvalPlot {
    private static final double WIDTH = 720;
    private static final double HEIGHT = 320;
    private static final double LEFT = 64;
    private static final double RIGHT = 24;
    private static final double TOP = 76;
    private static final double BOTTOM = 48;
    private static final int TICKS = 4;

    private EvalPlot() {
    }

    /** The picture as an SVG document. */
    static String draw(EvalResult result, Evaluation evaluation, String title) {
        double[][] kl = result.klByPlace();
        double ceiling = 0;
        for (double[] place : kl) {
            ceiling = Math.max(ceiling, place[1]);
        }
        ceiling = round(ceiling);
        var svg = new SvgWriter();
        svg.raw(String.format(Locale.ROOT, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
                + "font-family=\"system-ui, sans-serif\" font-size=\"12\">\n", WIDTH, HEIGHT, WIDTH, HEIGHT));
        svg.raw("<style>.page{fill:#fff}.t{fill:#1f2328;font-size:15px;font-weight:600}.n{fill:#59636e}.e{text-anchor:end}.m{text-anchor:middle}"
                + ".g{stroke:#d8dee4;fill:none}.b{fill:#9ec5f7}.l{stroke:#0b57b4;stroke-width:2;fill:none}</style>\n");
        svg.rect("page", 0, 0, WIDTH, HEIGHT, 0, "");
        svg.text("t", LEFT, 26, title);
        svg.text("n", LEFT, 46, "KL in nats by place in the continuation; " + (result.prompts().size() == 1
                ? "one prompt of " + Counted.of(evaluation.promptTokens(), "token")
                : "line: mean of " + result.prompts().size() + " prompts of " + Counted.of(evaluation.promptTokens(), "token") + ", bars: 95 % of them below"));
        for (int i = 0; i <= TICKS; i++) {
            double y = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * i / TICKS;
            svg.rule("g", LEFT, WIDTH - RIGHT, y);
            svg.text("n e", LEFT - 8, y + 4, label(ceiling * i / TICKS));
        }
        double step = (WIDTH - RIGHT - LEFT) / kl.length;
        var line = new StringBuilder();
        for (int i = 0; i < kl.length; i++) {
            double middle = LEFT + step * (i + 0.5);
            double height = (HEIGHT - BOTTOM - TOP) * kl[i][1] / ceiling;
            svg.rect("b", middle - step * 0.35, HEIGHT - BOTTOM - height, step * 0.7, height, 0,
                    String.format(Locale.ROOT, "token %d: mean %.4g, 95 %% below %.4g", i + 1, kl[i][0], kl[i][1]));
            line.append(i == 0 ? 'M' : 'L').append(SvgWriter.number(middle)).append(' ')
                    .append(SvgWriter.number(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * kl[i][0] / ceiling));
            if (i == 0 || i == kl.length - 1 || (i + 1) % Math.max(1, (kl.length + 7) / 8) == 0 && i < kl.length - kl.length / 16 - 1) {
                svg.text("n m", middle, HEIGHT - BOTTOM + 18, Integer.toString(i + 1));
            }
        }
        svg.path("l", line.toString());
        svg.text("n m", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "token of the continuation");
        return svg.raw("</svg>\n").toString();
    }

    /** The next 1, 2 or 5 times a power of ten. */
    private static double round(double value) {
        if (value <= 0) {
            return 1;
        }
        double power = Math.pow(10, Math.floor(Math.log10(value)));
        for (double factor : new double[] {1, 2, 5, 10}) {
            if (value <= factor * power) {
                return factor * power;
            }
        }
        return 10 * power;
    }

    private static String label(double value) {
        return value == 0 ? "0" : String.format(Locale.ROOT, "%.3g", value).replaceAll("(\\.\\d*?)0+$", "$1").replaceAll("\\.$", "");
    }
}
