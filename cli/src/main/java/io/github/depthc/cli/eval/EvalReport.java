// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.eval;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Table;
import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.Counted;
import java.util.Locale;

/** Prints what an evaluation gave. */
final class EvalReport {
    /** In the place of an interval. */
    private static final String NO_INTERVAL = "none";
    /** Fewer prompts give intervals that are too narrow. */
    private static final int FEW = 8;

    private final Console console;
    private final EvalResult result;
    private final Evaluation evaluation;
    private final int asked;

    /**
     * A report.
     *
     * @param asked prompts that were asked for; the text may have fewer
     */
    EvalReport(Console console, Evaluation evaluation, EvalResult result, int asked) {
        this.console = console;
        this.evaluation = evaluation;
        this.result = result;
        this.asked = asked;
    }

    void table(Subject subject, Subject against, String source) {
        int prompts = result.prompts().size();
        console.line(subject.info().model().name() + ": " + subject.folder() + " against " + against.folder());
        console.line(Counted.of(prompts, "prompt") + " of " + Counted.of(evaluation.promptTokens(), "token") + (prompts == 1 ? "," : ", each") + " continued by "
                + evaluation.continuationTokens() + " of its own text; from " + source
                + (prompts < asked ? ", which has no more (--prompts " + asked + ")" : ""));
        console.line("");
        Estimate nll = result.nll();
        Estimate other = result.againstNll();
        var table = new Table(2).left("").right("value").right("95 % interval").right("against");
        row(table, "NLL of a token, nats", nll, other, 4);
        row(table, "perplexity", nll.exp(), other.exp(), 3);
        row(table, "NLL added", result.addedNll(), null, 4);
        row(table, "KL(against ‖ bundle), mean", result.kl(), null, 4);
        row(table, "  95 % of tokens below", result.kl95(), null, 4);
        table.row("  largest", number(result.largestKl(), 4), "", "");
        Estimate agreement = result.agreement();
        table.row("same likeliest token", percent(agreement.value()), agreement.interval().map(i -> percent(i.low()) + " – " + percent(i.high())).orElse(NO_INTERVAL), "");
        row(table, "equal greedy tokens, of " + evaluation.continuationTokens(), result.match(), null, 1);
        double[] flops = result.flops();
        table.row("prefill FLOPs, as run", Units.flops(flops[0]), percent(flops[0] / flops[1]) + " of against", Units.flops(flops[1]));
        double[] kv = result.kvBytes();
        table.row("KV cache after the prompt", Units.bytes(Math.round(kv[0])), percent(kv[0] / kv[1]) + " of against", Units.bytes(Math.round(kv[1])));
        table.print(console);
        if (prompts < FEW) {
            console.line("");
            console.line((prompts == 1 ? "One prompt has no interval, and says nothing about others." : "Few prompts: the intervals are too narrow to rely on.")
                    + " Give more " + (prompts < asked ? "text (--data), or shorter prompts." : "prompts (--prompts)."));
        }
    }

    private static void row(Table table, String name, Estimate e, Estimate other, int decimals) {
        table.row(name, number(e.value(), decimals), e.interval().map(i -> number(i.low(), decimals) + " – " + number(i.high(), decimals)).orElse(NO_INTERVAL),
                other == null ? "" : number(other.value(), decimals));
    }

    private static String number(double value, int decimals) {
        String text = String.format(Locale.ROOT, "%." + decimals + "f", value);
        return text.matches("-0\\.?0*") ? text.substring(1) : text;
    }

    private static String percent(double share) {
        return number(100 * share, 1) + " %";
    }

    void json(Subject subject, Subject against, String source) {
        ObjectNode o = JsonOutput.object().put("bundle", subject.folder().toString()).put("against", against.folder().toString()).put("data", source)
                .put("prompts", result.prompts().size()).put("prompt_tokens", evaluation.promptTokens())
                .put("continuation_tokens", evaluation.continuationTokens());
        Estimate nll = result.nll();
        Estimate other = result.againstNll();
        put(o, "nll", nll);
        put(o, "against_nll", other);
        put(o, "nll_added", result.addedNll());
        put(o, "perplexity", nll.exp());
        put(o, "against_perplexity", other.exp());
        put(o, "kl_mean", result.kl());
        put(o, "kl_p95", result.kl95());
        o.put("kl_max", result.largestKl());
        put(o, "top1_agreement", result.agreement());
        put(o, "greedy_match_tokens", result.match());
        double[] flops = result.flops();
        double[] kv = result.kvBytes();
        o.put("flops", flops[0]).put("against_flops", flops[1]).put("kv_bytes", kv[0]).put("against_kv_bytes", kv[1]);
        ArrayNode places = o.putArray("kl_by_position");
        for (double[] place : result.klByPlace()) {
            places.add(JsonOutput.object().put("mean", place[0]).put("p95", place[1]));
        }
        JsonOutput.print(console, o);
    }

    private static void put(ObjectNode o, String key, Estimate e) {
        ObjectNode estimate = JsonOutput.object().put("value", e.value());
        JsonOutput.put(estimate, "low", e.interval().stream().mapToDouble(Estimate.Interval::low).findFirst());
        JsonOutput.put(estimate, "high", e.interval().stream().mapToDouble(Estimate.Interval::high).findFirst());
        o.set(key, estimate);
    }
}
