// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.builtin.allocate.AllocationTrace;
import io.github.depthc.passes.builtin.allocate.AllocationTrace.Setting;
import io.github.depthc.passes.builtin.allocate.Answer;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** What was chosen for each layer, and what skipping in it alone does to the answers. */
final class ChosenTable {
    /** What a column is of. */
    private record Kind(double ratio, Routing.SkippedKv kv, Routing.Part part) {
        Kind(Setting s) {
            this(s.ratio(), s.kv(), s.part());
        }
    }

    private final AllocationTrace trace;
    private final Map<Setting, Double> alone = new HashMap<>();
    private final boolean parts;
    private final StringBuilder out = new StringBuilder();

    private ChosenTable(AllocationTrace trace) {
        this.trace = trace;
        this.parts = trace.tried().stream().flatMap(t -> t.layers().stream()).anyMatch(s -> s.part() != Routing.Part.LAYER);
        trace.tried().stream().filter(t -> t.layers().size() == 1).forEach(t -> alone.putIfAbsent(t.layers().getFirst(), t.loss()));
    }

    static String of(AllocationTrace trace) {
        return new ChosenTable(trace).write();
    }

    private String write() {
        List<Kind> kinds = trace.tried().stream().filter(t -> t.layers().size() == 1 && t != trace.chosen())
                .map(t -> new Kind(t.layers().getFirst())).distinct().toList();
        boolean drops = kinds.stream().anyMatch(k -> k.kv == Routing.SkippedKv.DROP);
        out.append("""
                <div class="card scroll" tabindex="0" role="region" aria-label="Chosen by layer">
                <table>
                <caption>""").append(trace.answer() == Answer.NEXT_TOKEN ? "KL in nats" : trace.answer().brief()).append("""
                 when this layer alone skips, at the ratios that were tried.</caption>
                <thead>
                <tr><th scope="col">Layer</th><th scope="col">Chosen ratio</th>""").append(parts ? "<th scope=\"col\" class=\"start\">Skipped part</th>" : "")
                .append("<th scope=\"col\" class=\"start\">Keys and values of skipped tokens</th>");
        for (Kind k : kinds) {
            out.append("<th scope=\"col\" class=\"first\">").append(Scale.plain(k.ratio)).append(parts ? "<br>" + part(k.part) : "")
                    .append(drops ? k.kv == Routing.SkippedKv.DROP ? "<br>dropped" : "<br>kept" : "")
                    .append("</th>");
        }
        out.append("</tr>\n</thead>\n<tbody>\n");
        var layers = new TreeSet<Integer>();
        alone.keySet().forEach(s -> layers.add(s.layer()));
        layers.forEach(l -> row(l, kinds));
        return out.append("</tbody>\n</table>\n</div>\n").toString();
    }

    private void row(int layer, List<Kind> kinds) {
        Optional<Setting> chosen = trace.chosen().layers().stream().filter(s -> s.layer() == layer).findFirst();
        out.append("<tr><th scope=\"row\">").append(layer).append("</th><td>")
                .append(chosen.map(s -> String.format(Locale.ROOT, "%.4f", s.ratio())).orElse("dense")).append("</td>")
                .append(parts ? "<td class=\"start\">" + chosen.map(s -> part(s.part())).orElse("–") + "</td>" : "").append("<td class=\"start\">")
                .append(chosen.map(s -> s.kv() == Routing.SkippedKv.KEEP ? "kept" : "dropped").orElse("–")).append("</td>");
        for (Kind k : kinds) {
            Double loss = alone.get(new Setting(layer, k.ratio, k.kv, k.part));
            out.append("<td class=\"first\">").append(loss == null ? "–" : Markup.escape(Losses.number(loss))).append("</td>");
        }
        out.append("</tr>\n");
    }

    private static String part(Routing.Part part) {
        return part == Routing.Part.MLP ? "MLP" : part.name().toLowerCase(Locale.ROOT);
    }
}
