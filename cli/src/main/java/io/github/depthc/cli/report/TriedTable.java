// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.passes.builtin.allocate.AllocationTrace;
import io.github.depthc.passes.builtin.allocate.AllocationTrace.Tried;
import java.util.HashSet;
import java.util.Set;

/** Everything that was tried, in order. */
final class TriedTable {
    private TriedTable() {
    }

    static String of(AllocationTrace trace) {
        var out = new StringBuilder("""
                <details>
                <summary>The numbers</summary>
                <div class="card long" tabindex="0" role="region" aria-label="What was tried">
                <table>
                <thead>
                <tr><th scope="col" class="start">What skips</th><th scope="col">Share of the dense\s""").append(trace.of().brief()).append("</th><th scope=\"col\">")
                .append(Markup.escape(trace.answer().brief())).append("</th><th scope=\"col\" class=\"start\"></th></tr>\n</thead>\n<tbody>\n");
        Set<Tried> front = new HashSet<>(trace.front());
        for (Tried t : trace.tried()) {
            out.append("<tr><td class=\"start wrap\">").append(Markup.escape(Losses.skipping(t))).append("</td><td>").append(Markup.escape(Scale.percent(t.share(), 1, 1))).append("</td><td>")
                    .append(Markup.escape(Losses.number(t.loss()))).append("</td><td class=\"start less\">").append(t == trace.chosen() ? "chosen" : front.contains(t) ? "nothing beats it" : "")
                    .append("</td></tr>\n");
        }
        return out.append("</tbody>\n</table>\n</div>\n</details>\n").toString();
    }
}
