// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.depthc.backend.kernels.KernelCases;
import io.github.depthc.backend.kernels.Precision;
import io.github.depthc.ir.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A run's findings as Markdown; what was not measured is said to be so. */
final class GpuTable {
    private static final String NOT_YET = "not measured yet";
    private static final List<String> KINDS = List.of("pmod", "gamma", "plain", "dense");
    private static final List<String> QUANTIZED = List.of("int8", "int4");
    private static final List<Integer> TOKENS = List.of(634, 2988);
    /** Steps that are timed beside a layer's own. */
    private static final Set<String> COMPARED = Set.of("gather_then_norm", "gather_norm", "embedding_int8", "embedding_int4");
    private static final String MATMUL = "environment.matmul_flops_per_second";
    private static final String COPY = "environment.copy_bytes_per_second";
    private static final double SEGMENT_ERROR = 1e-2;
    private static final double FLOPS_MARGIN = 0.03;
    private static final double FLOORS = 2;
    private static final double MOST_MICROSECONDS = 25;
    private static final double AGAINST_TORCH = 1.1;
    /** Letters of a value that a message shows. */
    private static final int LONGEST = 40;

    private final JsonNode found;
    private final StringBuilder text = new StringBuilder();

    private GpuTable(JsonNode found) {
        this.found = found;
    }

    /**
     * The table.
     *
     * @param found what all stages found, each below its name; may be empty
     * @throws InputException where something has another form than a stage gives it, or lacks a number that belongs to another; it says the key
     */
    static String of(JsonNode found) {
        var table = new GpuTable(found);
        table.machine();
        table.requirements();
        table.routing();
        table.stages();
        return table.text.toString();
    }

    private void machine() {
        JsonNode e = object("environment");
        if (!e.has("gpu")) {
            return;
        }
        text.append(e.path("date").asText()).append(" · ").append(e.path("gpu").path("name").asText()).append(" · CUDA ").append(e.path("gpu").path("driver").asText())
                .append(" (").append(e.path("nvidia_smi").asText("driver version unknown")).append(") · TensorRT ").append(e.path("tensorrt").asText())
                .append(" · NVRTC ").append(e.path("nvrtc").asText()).append(" · Java ").append(e.path("java").asText()).append("\n\n");
    }

    private void row(String... cells) {
        text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private void head(String... cells) {
        row(cells);
        text.append("|---".repeat(cells.length)).append("|\n");
    }

    private void requirements() {
        head("it is right when", "limit", "measured", "");
        judged("kept indices of 1,000 selections equal the CPU's", "equal", outcome("select_top_k"), Optional.of("equal"));
        judged("all other kernels' cases, in BF16, FP16 and FP32", "equal", others(), Optional.of("equal"));
        judged("steps in BF16 against FP32, selection forced: largest relative L2 error", format("%.1e", SEGMENT_ERROR),
                steps(KINDS), stepsAreRight(KINDS));
        judged("the same of weights in int8 and int4, blocks of 32", format("%.1e", SEGMENT_ERROR), steps(QUANTIZED), stepsAreRight(QUANTIZED));
        judged("64 greedy tokens of stories260k equal the CPU's, FP32", "64 of 64, each", tokens(KINDS, "fp32"), Optional.of("64 of 64, each"));
        judged("the same in BF16 (reported)", "", tokens(KINDS, "bf16"), Optional.empty());
        judged("the same of weights in int8 and int4, FP32 (reported: the CPU rounds activations to 8 bits)", "", tokens(QUANTIZED, "fp32"), Optional.empty());
        for (int n : TOKENS) {
            String key = "timings.prefill." + n + ".";
            Optional<Double> flops = number(key + "flops_ratio");
            Optional<Double> time = number(key + "time_ratio.median");
            String limit = flops.map(f -> n == 2988 ? format("%.3f", f + FLOPS_MARGIN) : "FLOPs " + format("%.3f", f)).orElse(n == 2988 ? "FLOPs ratio + 0.03" : "");
            judged("routed / dense prefill, " + n + " tokens" + layers(), limit, time.map(t -> spread(key + "time_ratio", 1, "%.3f")),
                    n == 2988 ? flops.flatMap(f -> time.map(t -> t <= f + FLOPS_MARGIN)) : Optional.empty());
        }
        for (int n : TOKENS) {
            String key = "timings.prefill." + n + ".";
            judged("dense prefill, " + n + " tokens, ms" + layers(), "", number(key + "dense_seconds.median").map(t -> spread(key + "dense_seconds", 1e3, "%.2f")),
                    Optional.empty());
            judged("its share of the measured matmul ceiling", "", share(key + "dense_flops", key + "dense_seconds", MATMUL), Optional.empty());
            judged("routed prefill, " + n + " tokens, ms" + layers(), "", number(key + "routed_seconds.median").map(t -> spread(key + "routed_seconds", 1e3, "%.2f")),
                    Optional.empty());
            judged("its share of the measured matmul ceiling", "", share(key + "routed_flops", key + "routed_seconds", MATMUL), Optional.empty());
            Optional<Double> torch = number("torch.torch.prefill." + n + ".seconds.median");
            Optional<Double> ratio = number(key + "dense_seconds.median").flatMap(t -> torch.map(p -> t / p));
            judged("dense prefill / PyTorch's (torch.compile, " + text("torch.torch.prefill." + n + ".seconds.attention").orElse("fastest") + " attention), " + n + " tokens",
                    n == 2988 ? format("%.1f", AGAINST_TORCH) : "", ratio.map(r -> format("%.3f", r)), n == 2988 ? ratio.map(r -> r <= AGAINST_TORCH) : Optional.empty());
        }
        for (int n : TOKENS) {
            String key = "timings.decode." + n + ".";
            judged("decode step behind " + n + " tokens, ms, routed; dense", "", number(key + "routed_seconds.median")
                    .map(t -> spread(key + "routed_seconds", 1e3, "%.3f") + "; " + spread(key + "dense_seconds", 1e3, "%.3f")), Optional.empty());
            judged("their share of the copy ceiling, by the bytes of weights, keys and values that are read", "", share(key + "routed_bytes", key + "routed_seconds", COPY)
                    .flatMap(r -> share(key + "dense_bytes", key + "dense_seconds", COPY).map(d -> r + "; " + d)), Optional.empty());
        }
        for (int n : TOKENS) {
            String key = "gamma.decode." + n + ".";
            judged("γ-MoD decode step behind " + n + " tokens, what is skipped computed and discarded, / dense", "", number(key + "gamma_seconds.median")
                    .flatMap(t -> number(key + "dense_seconds.median").map(d -> format("%.3f", t / d))), Optional.empty());
            judged("share of its routed layers' work that was discarded", "", number(key + "discarded").map(GpuTable::percent), Optional.empty());
        }
        for (int n : TOKENS) {
            String key = "timings.routing." + n + ".";
            judged("gather_norm / gather and then the norm, " + n + " tokens (no plan uses it)", "", number(key + "gather_norm.seconds.median")
                    .flatMap(t -> number(key + "gather_then_norm.seconds.median").map(two -> format("%.3f", t / two))), Optional.empty());
        }
        judged("KV bytes by the entries that the GPU counted equal the plan's prediction", "equal", kv(), Optional.of("equal"));
        judged("KV bytes reserved: the prediction, and in each layer one entry and a block of 64 at most", "within", reserved(), Optional.of("within"));
        for (String tool : new String[] {"memcheck", "racecheck", "synccheck"}) {
            judged("compute-sanitizer, " + tool, "exit code 0", text("sanitizer." + tool + ".ended").map(t -> t + ": " + text("sanitizer." + tool + ".summary").orElse("")),
                    text("sanitizer." + tool + ".ended").map("exit code 0"::equals));
        }
        judged("copy ceiling, TB/s read and written", "", number("environment.copy_bytes_per_second.median").map(r -> spread("environment.copy_bytes_per_second", 1e-12, "%.3f")),
                Optional.empty());
        judged("matmul ceiling, BF16, TFLOP/s", "", number("environment.matmul_flops_per_second.median").map(r -> spread("environment.matmul_flops_per_second", 1e-12, "%.1f")),
                Optional.empty());
        text.append('\n');
    }

    /** How much of a ceiling so much work in so much time is. */
    private Optional<String> share(String work, String seconds, String ceiling) {
        return number(work).flatMap(w -> number(seconds + ".median").flatMap(t -> number(ceiling + ".median").map(c -> percent(w / t / c))));
    }

    private String layers() {
        return number("timings.layers").map(l -> format(", %.0f layers", l)).orElse("");
    }

    private void judged(String what, String limit, Optional<String> measured, Optional<?> expected) {
        Optional<Boolean> right = expected.map(e -> e instanceof Boolean b ? b : measured.isPresent() && e.equals(measured.get()));
        row(what, limit, measured.orElse(NOT_YET), measured.isEmpty() ? "" : right.map(r -> r ? "met" : "**not met**").orElse(""));
    }

    /** How far steps in BF16 are from the CPU. */
    private Optional<String> steps(List<String> kinds) {
        return failures(kinds, "bf16").or(() -> largestError(kinds).map(e -> format("%.1e", e)));
    }

    private Optional<Boolean> stepsAreRight(List<String> kinds) {
        return failures(kinds, "bf16").isPresent() ? Optional.of(false) : largestError(kinds).map(e -> e <= SEGMENT_ERROR);
    }

    /** Which models of stories260k did not come to an end, or differ from the CPU in a step. */
    private Optional<String> failures(List<String> kinds, String precision) {
        String all = kinds.stream().flatMap(kind -> {
            String key = "engines." + kind + "." + precision + ".";
            return text(key + "failed").or(() -> text(key + "steps.mismatch").filter(m -> !m.isEmpty())).map(why -> kind + ": " + why).stream();
        }).collect(Collectors.joining("; "));
        return all.isEmpty() ? Optional.empty() : Optional.of(cell(all));
    }

    private static String cell(String text) {
        return text.replace("|", "\\|").replace("\n", " ");
    }

    /** How cases ended in all precisions; nothing where one was not run. */
    private Optional<String> outcome(String... cases) {
        List<String> outcomes = Stream.of(cases).flatMap(c -> Stream.of(Precision.values()).map(p -> text("kernels." + p.text() + "." + c + ".outcome").orElse(NOT_YET)))
                .distinct().toList();
        return outcomes.contains(NOT_YET) ? Optional.empty() : Optional.of(String.join("; ", outcomes));
    }

    private Optional<String> others() {
        return outcome(Stream.of(KernelCases.values()).filter(c -> c != KernelCases.SELECT_TOP_K).map(c -> c.name().toLowerCase(Locale.ROOT)).toArray(String[]::new));
    }

    /** Of all kinds, or nothing: one that is missing may be the one that is wrong. */
    private Optional<Double> largestError(List<String> kinds) {
        double largest = 0;
        for (String kind : kinds) {
            Optional<Double> error = number("engines." + kind + ".bf16.steps.largest_error");
            if (error.isEmpty()) {
                return Optional.empty();
            }
            largest = Math.max(largest, error.get());
        }
        return Optional.of(largest);
    }

    private Optional<String> tokens(List<String> kinds, String precision) {
        Optional<String> failures = failures(kinds, precision);
        if (failures.isPresent()) {
            return failures;
        }
        var cells = new ArrayList<String>();
        for (String kind : kinds) {
            String key = "engines." + kind + "." + precision + ".";
            if (number(key + "tokens_equal").isEmpty()) {
                return Optional.empty();
            }
            cells.add(format("%.0f of %.0f", required(key + "tokens_equal"), required(key + "tokens")));
        }
        return Optional.of(cells.stream().distinct().count() == 1 ? cells.getFirst() + ", each" : String.join("; ", cells));
    }

    private Optional<String> kv() {
        return kvBytes().map(all -> all.stream().filter(kv -> number(kv + ".predicted").filter(p -> p != required(kv + ".used")).isPresent())
                .map(kv -> format("%.0f of %.0f", required(kv + ".used"), required(kv + ".predicted"))).findFirst().orElse("equal"));
    }

    private Optional<String> reserved() {
        return kvBytes().map(all -> all.stream().filter(kv -> required(kv + ".reserved") < required(kv + ".used") || required(kv + ".reserved") > required(kv + ".most"))
                .map(kv -> format("%.0f, expected %.0f to %.0f", required(kv + ".reserved"), required(kv + ".used"), required(kv + ".most"))).findFirst().orElse("within"));
    }

    /** The keys of those of all kinds and prompts, or nothing. */
    private Optional<List<String>> kvBytes() {
        List<String> all = Stream.concat(KINDS.stream().flatMap(k -> Stream.of("fp32", "bf16").map(p -> "engines." + k + "." + p + ".kv")),
                TOKENS.stream().map(n -> "timings.prefill." + n + ".kv")).toList();
        return all.stream().anyMatch(kv -> object(kv).isMissingNode()) ? Optional.empty() : Optional.of(all);
    }

    private void routing() {
        head("routing step, BF16, width 4096", "tokens", "µs", "byte floor, µs at the copy ceiling", "time / floor", "share of the copy ceiling", "limit", "");
        for (int n : TOKENS) {
            JsonNode steps = object("timings.routing." + n);
            if (steps.isEmpty()) {
                row("score, select, gate, gather, combine, combine and score, all of a layer", String.valueOf(n), NOT_YET, "", "", "", limit(n), "");
                row("gather then norm, gather norm, embedding int8, embedding int4", String.valueOf(n), NOT_YET, "", "", "", "", "");
            }
            steps.properties().forEach(step -> {
                String key = "timings.routing." + n + "." + step.getKey();
                double seconds = required(key + ".seconds.median");
                double bytes = required(key + ".floor_bytes");
                Optional<Double> floor = number(COPY + ".median").map(rate -> bytes / rate);
                boolean right = n == 634 ? seconds * 1e6 < MOST_MICROSECONDS : floor.isPresent() && seconds < FLOORS * floor.get();
                row(step.getKey().replace('_', ' '), String.valueOf(n), spread(key + ".seconds", 1e6, "%.2f"), floor.map(f -> format("%.2f", f * 1e6)).orElse(NOT_YET),
                        floor.map(f -> format("%.2f", seconds / f)).orElse(NOT_YET), floor.map(f -> percent(f / seconds)).orElse(NOT_YET),
                        COMPARED.contains(step.getKey()) ? "" : limit(n), !COMPARED.contains(step.getKey()) && (n == 634 || floor.isPresent()) ? right ? "met" : "**not met**" : "");
            });
        }
        text.append('\n');
    }

    private static String limit(int tokens) {
        return tokens == 634 ? format("%.0f µs", MOST_MICROSECONDS) : format("%.0f × floor", FLOORS);
    }

    private void stages() {
        head("stage", "outcome", "s");
        for (Stage stage : Stage.values()) {
            row(stage.text(), cell(text(stage.text() + ".outcome").orElse(NOT_YET)), number(stage.text() + ".seconds").map(s -> format("%.0f", s)).orElse(""));
        }
    }

    /** What is at these keys, joined by dots; missing where one of them is. */
    private JsonNode at(String keys) {
        int dot = keys.lastIndexOf('.');
        return (dot < 0 ? found : object(keys.substring(0, dot))).path(keys.substring(dot + 1));
    }

    /** An object, or nothing. */
    private JsonNode object(String keys) {
        JsonNode node = at(keys);
        if (!node.isMissingNode() && !node.isObject()) {
            throw another(keys, node, "an object");
        }
        return node;
    }

    private static InputException another(String keys, JsonNode node, String expected) {
        String text = node.toString();
        return new InputException(keys + " is " + (text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text) + ", expected " + expected);
    }

    /** A number, or nothing; NaN and infinity, which JSON has as text, are none. */
    private Optional<Double> number(String keys) {
        JsonNode node = at(keys);
        if (!node.isNumber() && !node.isMissingNode() && !node.isNull() && !node.asText().matches("NaN|-?Infinity")) {
            throw another(keys, node, "a number");
        }
        return node.isNumber() ? Optional.of(node.asDouble()) : Optional.empty();
    }

    /** A number without which the others beside it say nothing. */
    private double required(String keys) {
        return number(keys).orElseThrow(() -> new InputException(keys + " is missing, expected a number"));
    }

    private Optional<String> text(String keys) {
        JsonNode node = at(keys);
        if (!node.isTextual() && !node.isMissingNode()) {
            throw another(keys, node, "a text");
        }
        return node.isTextual() ? Optional.of(node.asText()) : Optional.empty();
    }

    /** Median and quartiles. */
    private String spread(String keys, double factor, String format) {
        List<String> parts = Stream.of("median", "low", "high").map(p -> number(keys + "." + p).map(v -> format(format, v * factor)).orElse("?")).toList();
        return parts.get(0) + " (" + parts.get(1) + " – " + parts.get(2) + ")";
    }

    private static String percent(double share) {
        return format("%.1f %%", 100 * share);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
