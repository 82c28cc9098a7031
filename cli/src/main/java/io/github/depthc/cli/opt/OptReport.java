// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Table;
import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.Region;
import io.github.depthc.passes.api.Statistics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Tables about a run, on standard error: standard output is the model's. */
public final class OptReport {
    private static final int MOST_WORDS = 60;

    private OptReport() {
    }

    /** What each pass took. */
    public static void times(List<OptRun.Timed> times, Console console) {
        double total = times.stream().mapToDouble(t -> seconds(t.time())).sum();
        var table = new Table(2).left("pass").right("time").right("share").left("outcome");
        for (OptRun.Timed t : times) {
            table.row(cut(t.pass()), Units.duration(seconds(t.time())), share(seconds(t.time()), total), cut(t.outcome()));
        }
        table.rule().row("total", Units.duration(total), share(total, total), "");
        print(table, console);
    }

    /** The numbers that passes reported. */
    public static void statistics(Statistics statistics, Console console) {
        if (statistics.all().isEmpty()) {
            console.note("  No pass counted anything.");
            return;
        }
        var table = new Table(2).left("pass").right("amount").left("of what");
        statistics.all().forEach((key, amount) -> table.row(key.pass(), Long.toString(amount), key.name()));
        print(table, console);
    }

    /** How many nodes of each op kind there were and are, those in regions included. */
    public static void ops(Region before, Region after, Console console) {
        Map<String, long[]> counts = new TreeMap<>();
        count(before, counts, 0);
        count(after, counts, 1);
        var table = new Table(2).left("op").right("before").right("after").right("change");
        counts.forEach((op, n) -> table.row(op, Long.toString(n[0]), Long.toString(n[1]), change(n[1] - n[0])));
        long all = counts.values().stream().mapToLong(n -> n[0]).sum();
        long now = counts.values().stream().mapToLong(n -> n[1]).sum();
        table.rule().row("all nodes", Long.toString(all), Long.toString(now), change(now - all));
        print(table, console);
    }

    private static void print(Table table, Console console) {
        table.lines().forEach(console::note);
        console.note("");
    }

    private static void count(Region region, Map<String, long[]> counts, int column) {
        region.nodes().forEach(n -> {
            counts.computeIfAbsent(n.kind().mnemonic(), k -> new long[2])[column]++;
            n.regions().forEach(r -> count(r, counts, column));
        });
    }

    private static String change(long n) {
        return n == 0 ? "" : n > 0 ? "+" + n : "−" + -n;
    }

    private static String share(double part, double total) {
        return total > 0 ? Units.percent(part / total) : "";
    }

    private static double seconds(Duration time) {
        return time.toNanos() / 1e9;
    }

    private static String cut(String words) {
        return words.length() <= MOST_WORDS ? words : words.substring(0, MOST_WORDS - 1) + "…";
    }
}
