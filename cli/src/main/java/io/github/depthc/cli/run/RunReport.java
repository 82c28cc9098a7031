// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.runtime.Sampler;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Table;
import io.github.depthc.cli.console.Units;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/**
 * What a run cost, for people on standard error or for a program as JSON.
 *
 * @param promptIds the prompt, one id in the place of each image
 * @param tokens    of the prompt, those of images too
 * @param images    of a bundle that takes images
 * @param load      seconds to load the bundle
 * @param tokenText text of a token within a text; null where there is no tokenizer
 * @param result    what was generated
 */
record RunReport(int[] promptIds, int tokens, Optional<ImageReport> images, double load, IntFunction<String> tokenText, GenerationResult result) {
    private static final int WIDTH = 78;
    private static final int INDENT = 9;

    /** Of a prompt of text. */
    RunReport(int[] promptIds, double load, IntFunction<String> tokenText, GenerationResult result) {
        this(promptIds, promptIds.length, Optional.empty(), load, tokenText, result);
    }

    /** Prints the figures. */
    void print(Console console) {
        GenerationResult.Times t = result.times();
        if (!result.choices().isEmpty()) {
            printChoices(console);
        }
        images.ifPresent(i -> i.print(console));
        console.note("prompt   " + tokens(tokens) + " in " + Units.duration(t.prefill()) + " (" + speed(tokens, t.prefill())
                + "), after loading for " + Units.duration(load));
        console.note("decode   " + tokens(result.ids().length) + (t.steps() == 0 ? "" : ", " + t.steps() + (t.steps() == 1 ? " step in " : " steps in ")
                + Units.duration(t.decode()) + " (" + speed(t.steps(), t.decode()) + ")") + switch (result.stop()) {
                    case EOS -> ", ended by the model";
                    case LENGTH -> "";
                    case CONTEXT -> ", ended because the model's context is full";
                });
        wrap("kept     ", runs(result.kept()), " of " + tokens(tokens) + " of the prompt").forEach(console::note);
        images.flatMap(i -> i.kept(result)).ifPresent(kept -> wrap("images   ", runs(kept), " of " + tokens(images.get().visionTokens()) + " of images")
                .forEach(console::note));
        GenerationResult.KvBytes kv = result.kv();
        console.note("KV       " + Units.bytes(kv.used()) + " against " + Units.bytes(kv.dense()) + " dense"
                + (kv.dense() == 0 ? "" : " (" + Units.percent((double) kv.used() / kv.dense()) + ")"));
    }

    /** The object that {@code --json} prints. */
    ObjectNode json() {
        ObjectNode o = JsonOutput.object();
        o.set("prompt_ids", JsonOutput.array(promptIds));
        o.set("output_ids", JsonOutput.array(result.ids()));
        o.put("text", tokenText == null ? null : result.text());
        o.put("stop", result.stop().text());
        images.ifPresent(i -> i.put(o, tokens, result));
        o.set("kept_per_layer", JsonOutput.array(result.kept()));
        o.set("cache_lengths", JsonOutput.array(result.cacheLengths()));
        o.put("kv_bytes", result.kv().used()).put("kv_bytes_dense", result.kv().dense()).put("kv_bytes_prompt", result.kv().prompt())
                .put("kv_bytes_reserved", result.kv().reserved());
        GenerationResult.Times t = result.times();
        ObjectNode timings = o.putObject("timings");
        images.ifPresent(i -> i.putTimes(timings));
        timings.put("load_s", load).put("prefill_s", t.prefill()).put("prefill_tokens_per_s", rate(tokens, t.prefill()))
                .put("decode_s", t.decode()).put("decode_steps", t.steps()).put("decode_tokens_per_s", rate(t.steps(), t.decode()));
        if (!result.choices().isEmpty()) {
            ArrayNode choices = o.putArray("logprobs");
            for (GenerationResult.TokenChoice c : result.choices()) {
                ObjectNode choice = choices.addObject();
                put(choice, c.id(), c.logprob());
                ArrayNode top = choice.putArray("top");
                c.top().forEach(p -> put(top.addObject(), p.token(), p.logprob()));
            }
        }
        return o;
    }

    private void put(ObjectNode o, int id, double logprob) {
        o.put("token", id).put("logprob", logprob);
        if (tokenText != null) {
            o.put("text", tokenText.apply(id));
        }
    }

    private void printChoices(Console console) {
        var table = new Table(2).right("token").right("logprob").left("most probable");
        for (GenerationResult.TokenChoice c : result.choices()) {
            table.row(name(c.id()), Units.fixed(c.logprob(), 4),
                    c.top().stream().map((Sampler.TokenLogprob p) -> name(p.token()) + " " + Units.fixed(p.logprob(), 2)).collect(Collectors.joining("  ")));
        }
        table.lines().forEach(console::note);
    }

    private String name(int id) {
        return tokenText == null ? Integer.toString(id) : id + " '" + tokenText.apply(id).replace("\n", "\\n") + "'";
    }

    /** {@code layers 0-1: 5}, {@code 2: 4}, … */
    private static List<String> runs(int[] kept) {
        var parts = new ArrayList<String>();
        int i = 0;
        while (i < kept.length) {
            int j = i;
            while (j + 1 < kept.length && kept[j + 1] == kept[i]) {
                j++;
            }
            String layers = i == j ? Integer.toString(i) : i + "-" + j;
            parts.add((i == 0 ? "layers " : "") + layers + ": " + kept[i]);
            i = j + 1;
        }
        return parts;
    }

    private static List<String> wrap(String title, List<String> parts, String end) {
        var lines = new ArrayList<String>();
        var line = new StringBuilder(title);
        for (int i = 0; i < parts.size(); i++) {
            String part = parts.get(i) + (i + 1 < parts.size() ? "," : "");
            if (line.length() > INDENT && line.length() + 1 + part.length() > WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder(" ".repeat(INDENT));
            }
            line.append(line.length() > INDENT ? " " : "").append(part);
        }
        lines.add(line + end);
        return lines;
    }

    private static String tokens(int n) {
        return n + (n == 1 ? " token" : " tokens");
    }

    private static String speed(int tokens, double seconds) {
        return Units.fixed(rate(tokens, seconds), 0) + " tokens/s";
    }

    private static double rate(int tokens, double seconds) {
        return seconds > 0 ? tokens / seconds : 0;
    }
}
