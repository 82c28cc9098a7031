// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Interrupts;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.cli.console.Table;
import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.mod.Routing;
import java.io.IOException;
import java.util.Optional;

/** Runs a benchmark and prints it. */
public final class BenchReport {
    private final Console console;
    private final Bench bench;

    /** A report of this benchmark. */
    public BenchReport(Console console, Bench bench) {
        this.console = console;
        this.bench = bench;
    }

    /** Measures and prints; without {@code against}, the subject runs against itself with no candidates. */
    public void print(Bundle subject, Optional<Bundle> against, boolean json) throws IOException {
        BenchResult result;
        OrtEngine.prepare();
        try (Interrupts _ = Interrupts.endAtOnce(); Progress progress = console.progress()) {
            result = bench.run(subject, against, console, progress);
        }
        if (json) {
            JsonOutput.print(console, json(result));
            return;
        }
        console.line(subject.info().model().name() + ": " + result.subject() + " against " + result.against());
        console.line("median and spread (MAD) of " + bench.rounds() + (bench.rounds() == 1 ? " round" : " rounds") + " in turns, " + (bench.images().isEmpty() ? "random tokens, " : "images and random tokens, ")
                + threads() + (threads() == 1 ? " thread" : " threads"));
        console.line("");
        table(result).print(console);
        console.line("");
        console.line("Prefill FLOPs are those of this run: linear layers over the tokens each layer kept,");
        console.line("and the LM head at the last position.");
        if (result.standIn()) {
            console.line("This model skips image tokens: all prompt positions but the first and the last stand");
            console.line("in for them.");
        }
        if (against.isEmpty()) {
            console.line("Dense is this bundle with no prompt token skipped, its routing included.");
            if (subject.info().decode() == Routing.DecodeRule.THRESHOLD) {
                console.line("New tokens are routed by their threshold all the same.");
            }
            console.line("A bundle made with --layers none has no routing at all. For that comparison: --against it.");
        }
    }

    private int threads() {
        return bench.runtime().threads() == 0 ? Runtime.getRuntime().availableProcessors() : bench.runtime().threads();
    }

    private static Table table(BenchResult result) {
        var table = new Table(2).right("prompt").left("").right(result.against().equals("dense") ? "MoD" : "bundle")
                .right(result.against().equals("dense") ? "dense" : "against").right("ratio");
        for (BenchResult.Point p : result.points()) {
            BenchResult.Figures a = p.subject();
            BenchResult.Figures b = p.against();
            if (p != result.points().getFirst()) {
                table.rule();
            }
            p.vision().ifPresent(v -> table.row("", "vision tower", time(v), "", ""));
            table.row(Integer.toString(p.tokens()), "prefill time", time(a.prefill()), time(b.prefill()), ratio(a.prefill().median(), b.prefill().median()));
            table.row("", "prefill FLOPs", Units.flops(a.linearFlops()), Units.flops(b.linearFlops()), ratio(a.linearFlops(), b.linearFlops()));
            table.row("", "  with attention scores", Units.flops(a.linearFlops() + a.attentionFlops()), Units.flops(b.linearFlops() + b.attentionFlops()),
                    ratio(a.linearFlops() + a.attentionFlops(), b.linearFlops() + b.attentionFlops()));
            table.row("", "decode time per token", time(a.decode()), time(b.decode()), ratio(a.decode().median(), b.decode().median()));
            table.row("", "decode tokens/s", Units.fixed(1 / a.decode().median(), 1), Units.fixed(1 / b.decode().median(), 1),
                    ratio(b.decode().median(), a.decode().median()));
            table.row("", "KV cache of the prompt", Units.bytes(a.kvBytes()), Units.bytes(b.kvBytes()), ratio(a.kvBytes(), b.kvBytes()));
        }
        return table;
    }

    private ObjectNode json(BenchResult result) {
        ObjectNode o = JsonOutput.object().put("subject", result.subject()).put("against", result.against()).put("rounds", bench.rounds())
                .put("threads", threads());
        ArrayNode points = o.putArray("points");
        for (BenchResult.Point p : result.points()) {
            ObjectNode point = points.addObject().put("prompt_tokens", p.tokens()).put("new_tokens", p.steps());
            p.vision().ifPresent(v -> point.put("vision_s", v.median()).put("vision_s_mad", v.mad()));
            put(point.putObject("subject"), p.subject());
            put(point.putObject("against"), p.against());
            BenchResult.Figures a = p.subject();
            BenchResult.Figures b = p.against();
            point.put("prefill_time_ratio", a.prefill().median() / b.prefill().median())
                    .put("decode_time_ratio", a.decode().median() / b.decode().median())
                    .put("flops_ratio", a.linearFlops() / b.linearFlops())
                    .put("flops_ratio_with_attention", (a.linearFlops() + a.attentionFlops()) / (b.linearFlops() + b.attentionFlops()))
                    .put("kv_bytes_ratio", (double) a.kvBytes() / b.kvBytes());
        }
        return o;
    }

    private static void put(ObjectNode o, BenchResult.Figures f) {
        o.put("prefill_s", f.prefill().median()).put("prefill_s_mad", f.prefill().mad())
                .put("decode_s_per_token", f.decode().median()).put("decode_s_per_token_mad", f.decode().mad())
                .put("decode_tokens_per_s", 1 / f.decode().median())
                .put("flops", f.linearFlops()).put("attention_flops", f.attentionFlops()).put("kv_bytes", f.kvBytes());
        o.set("kept_per_layer", JsonOutput.array(f.kept()));
    }

    private static String time(Sample s) {
        return Units.duration(s.median()) + " ± " + Units.duration(s.mad());
    }

    private static String ratio(double a, double b) {
        return b == 0 ? "-" : Units.fixed(a / b, 3);
    }
}
