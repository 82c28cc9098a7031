// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.passes.builtin.allocate.Observed;
import io.github.depthc.passes.builtin.allocate.Observed.PartTime;

/** How long layers took over a prompt. */
final class TimeTable {
    private TimeTable() {
    }

    static String of(Observed.Times times) {
        Scale scale = Scale.seconds(times.dense());
        var out = new StringBuilder("""
                <div class="card long" tabindex="0" role="region" aria-label="Time by layer">
                <table>
                <thead>
                <tr><th scope="col">Layer</th><th scope="col">Plan,\s""").append(scale.unit()).append("</th><th scope=\"col\">Dense, ").append(scale.unit())
                .append("</th><th scope=\"col\">Of dense</th></tr>\n</thead>\n<tbody>\n");
        times.parts().forEach(p -> row(out, layers(p), p.routed(), p.dense(), scale));
        out.append("</tbody>\n<tfoot>\n");
        row(out, "All", times.routed(), times.dense(), scale);
        return out.append("</tfoot>\n</table>\n</div>\n").toString();
    }

    /** Their numbers. */
    static String layers(PartTime p) {
        return p.first() == p.last() ? Integer.toString(p.first()) : p.first() + "–" + p.last();
    }

    private static void row(StringBuilder out, String layer, double routed, double dense, Scale scale) {
        out.append("<tr><th scope=\"row\">").append(layer).append("</th><td>").append(scale.number(routed)).append("</td><td class=\"less\">").append(scale.number(dense))
                .append("</td><td>").append(Markup.escape(Scale.percent(routed, dense, 1))).append("</td></tr>\n");
    }
}
