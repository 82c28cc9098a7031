// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.depthc.backend.kernels.KernelCases;
import io.github.depthc.backend.kernels.Precision;
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
    private static final List<Integer> TOKENS = List.of(634, 2988);
    /** Steps that are timed beside a layer's own. */
    private static final Set<String> COMPARED = Set.of("gather_then_norm", "gather_norm");
    private static final String MATMUL = "environment.matmul_flops_per_second";
    private static final String COPY = "environment.copy_bytes_per_second";
    private static final double SEGMENT_ERROR = 1e-2;
    private static final double FLOPS_MARGIN = 0.03;
    private static final double FLOORS = 2;
    private static final double MOST_MICROSECONDS = 25;
    private static final double AGAINST_TORCH = 1.1;

    private final JsonNode found;
    private final StringBuilder text = new StringBuilder();

    private GpuTable(JsonNode found) {
        this.found = found;
    }

    /** @param found what all stages found, each below its name; may be empty */
    static String of(JsonNode found) {
        var table = new GpuTable(found);
        table.machine();
        table.requirements();
        table.routing();
        table.stages();
        return table.text.toString();
    }

    private void machine() {
        JsonNode e = found.path("environment");
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
                failures("bf16").or(() -> largestError("bf16").map(e -> format("%.1e", e))),
                failures("bf16").isPresent() ? Optional.of(false) : largestError("bf16").map(e -> e <= SEGMENT_ERROR));
        judged("64 greedy tokens of stories260k equal the CPU's, FP32", "64 of 64, each", failures("fp32").or(() -> tokens("fp32")), Optional.of("64 of 64, each"));
        judged("the same in BF16 (reported)", "", failures("bf16").or(() -> tokens("bf16")), Optional.empty());
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

    /** Which models of stories260k did not come to an end, or differ from the CPU in a step. */
    private Optional<String> failures(String precision) {
        String all = KINDS.stream().flatMap(kind -> {
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
    private Optional<Double> largestError(String precision) {
        double largest = 0;
        for (String kind : KINDS) {
            Optional<Double> error = number("engines." + kind + "." + precision + ".steps.largest_error");
            if (error.isEmpty()) {
                return Optional.empty();
            }
            largest = Math.max(largest, error.get());
        }
        return Optional.of(largest);
    }

    private Optional<String> tokens(String precision) {
        var cells = new ArrayList<String>();
        for (String kind : KINDS) {
            String key = "engines." + kind + "." + precision + ".";
            if (number(key + "tokens_equal").isEmpty()) {
                return Optional.empty();
            }
            cells.add(format("%.0f of %.0f", number(key + "tokens_equal").get(), number(key + "tokens").orElse(0.0)));
        }
        return Optional.of(cells.stream().distinct().count() == 1 ? cells.getFirst() + ", each" : String.join("; ", cells));
    }

    private Optional<String> kv() {
        return kvBytes().map(all -> all.stream().filter(kv -> kv.path("predicted").isNumber() && kv.path("predicted").asLong() != kv.path("used").asLong())
                .map(kv -> kv.path("used").asLong() + " of " + kv.path("predicted").asLong()).findFirst().orElse("equal"));
    }

    private Optional<String> reserved() {
        return kvBytes().map(all -> all.stream().filter(kv -> kv.path("reserved").asLong() < kv.path("used").asLong() || kv.path("reserved").asLong() > kv.path("most").asLong())
                .map(kv -> kv.path("reserved").asLong() + ", expected " + kv.path("used").asLong() + " to " + kv.path("most").asLong()).findFirst().orElse("within"));
    }

    /** Of all kinds and prompts, or nothing. */
    private Optional<List<JsonNode>> kvBytes() {
        List<JsonNode> all = Stream.concat(KINDS.stream().flatMap(k -> Stream.of("fp32", "bf16").map(p -> at("engines." + k + "." + p + ".kv"))),
                TOKENS.stream().map(n -> at("timings.prefill." + n + ".kv"))).toList();
        return all.stream().anyMatch(JsonNode::isMissingNode) ? Optional.empty() : Optional.of(all);
    }

    private void routing() {
        head("routing step, BF16, width 4096", "tokens", "µs", "byte floor, µs at the copy ceiling", "time / floor", "share of the copy ceiling", "limit", "");
        for (int n : TOKENS) {
            JsonNode steps = at("timings.routing." + n);
            if (steps.isEmpty()) {
                row("score, select, gate, gather, combine, combine and score, all of a layer", String.valueOf(n), NOT_YET, "", "", "", limit(n), "");
                row("gather then norm, gather norm", String.valueOf(n), NOT_YET, "", "", "", "", "");
            }
            steps.properties().forEach(step -> {
                String key = "timings.routing." + n + "." + step.getKey();
                double seconds = number(key + ".seconds.median").orElseThrow();
                Optional<Double> floor = number("environment.copy_bytes_per_second.median").map(rate -> step.getValue().path("floor_bytes").asDouble() / rate);
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
            JsonNode s = found.path(stage.text());
            row(stage.text(), cell(s.path("outcome").asText(NOT_YET)), s.path("seconds").isNumber() ? format("%.0f", s.path("seconds").asDouble()) : "");
        }
    }

    private JsonNode at(String keys) {
        JsonNode at = found;
        for (String key : keys.split("\\.")) {
            at = at.path(key);
        }
        return at;
    }

    private Optional<Double> number(String keys) {
        return at(keys).isNumber() ? Optional.of(at(keys).asDouble()) : Optional.empty();
    }

    private Optional<String> text(String keys) {
        return at(keys).isTextual() ? Optional.of(at(keys).asText()) : Optional.empty();
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
