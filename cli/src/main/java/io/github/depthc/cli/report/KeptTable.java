// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.passes.builtin.allocate.Observed;

/** The numbers of the heat map of kept tokens: a row for each layer, a column for each position or some, in percent. */
final class KeptTable {
    private KeptTable() {
    }

    static String of(Observed.Kept kept) {
        int columns = Math.ceilDiv(kept.longest(), kept.width());
        var out = new StringBuilder("""
                <details>
                <summary>The numbers</summary>
                <div class="card long" tabindex="0" role="region" aria-label="Tokens kept, by layer and position">
                <table class="dense">
                <caption>Of the tokens there, how many percent the layer keeps.</caption>
                <thead>
                <tr><th scope="col">Layer</th>""");
        for (int c = 0; c < columns; c++) {
            int from = c * kept.width();
            int to = Math.min(from + kept.width(), kept.longest()) - 1;
            out.append("<th scope=\"col\">").append(from == to ? Integer.toString(from) : from + "–" + to).append("</th>");
        }
        out.append("</tr>\n</thead>\n<tbody>\n");
        for (Observed.LayerKept l : kept.layers()) {
            out.append("<tr><th scope=\"row\">").append(l.layer()).append("</th>");
            l.shares().forEach(s -> out.append("<td>").append(Math.round(100 * s)).append("</td>"));
            out.append("</tr>\n");
        }
        return out.append("</tbody>\n</table>\n</div>\n</details>\n").toString();
    }
}
