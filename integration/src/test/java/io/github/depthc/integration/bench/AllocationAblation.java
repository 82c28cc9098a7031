// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Terminals;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What each choice of an untrained conversion does to a model's answers, at equal prefill FLOPs: stories260k, calibrated and judged on
 * texts sampled from its dense form with other seeds, or judged on the texts of a file. Arguments: checkpoint, folder to work in, held-out prompts or a file,
 * what is in the names of the conversions to try (a regular expression), budgets.
 */
public final class AllocationAblation {
    private static final int PROMPT = 192;
    private static final int CONTINUATION = 64;
    private static final int CALIBRATION_SEED = 1;
    private static final int CALIBRATION_TEXTS = 64;
    private static final int HELD_OUT_SEED = 1001;
    /** Enough for prompt and continuation when a text is read again. */
    private static final int SAMPLED_TOKENS = 330;
    private static final int STEPS = 40;
    /** More than any file of texts has that is judged on. */
    private static final int ALL_PROMPTS = 10_000;
    private static final PassRegistry REGISTRY = PassRegistry.load();

    private final Path checkpoint;
    private final Path work;
    private final Optional<Path> texts;
    private final int prompts;
    private final List<Recipe> tried;
    private final Map<Recipe, String> costs = new HashMap<>();

    /** A way to convert; {@code X} stands for the budget, or for a number of the schedule that is solved for it. */
    private record Recipe(String name, String pipeline) {
        boolean allocates() {
            return pipeline.contains("allocate");
        }

        boolean measuresLayers() {
            return pipeline.contains("count=");
        }

        boolean hasSkipPaths() {
            return pipeline.contains("fit-skip-path");
        }
    }

    /** What a recipe lets tokens skip is less than the budget asks for. */
    private static final class OutOfReachException extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private AllocationAblation(Path checkpoint, Path work, String judged, Pattern tried) {
        this.checkpoint = checkpoint;
        this.work = work;
        this.texts = judged.matches("\\d+") ? Optional.empty() : Optional.of(Path.of(judged));
        this.prompts = texts.isPresent() ? ALL_PROMPTS : Integer.parseInt(judged);
        this.tried = recipes().stream().filter(r -> tried.matcher(r.name).find()).toList();
        if (this.tried.isEmpty()) {
            throw new IllegalArgumentException("no conversion's name has " + tried + ", expected some of: " + recipes().stream().map(Recipe::name).toList());
        }
    }

    /** Runs the benchmark. */
    public static void main(String[] args) throws IOException {
        var ablation = new AllocationAblation(Path.of(args[0]), Path.of(args[1]), args[2], Pattern.compile(args[3]));
        ablation.prepare();
        Results.header("Untrained conversions of stories260k: %s prompts of %d tokens, %d tokens behind each".formatted(
                ablation.texts.map(t -> "the texts of " + t.getFileName() + " in").orElse(args[2] + " held-out"), PROMPT, CONTINUATION));
        for (String budget : Arrays.copyOfRange(args, 4, args.length)) {
            ablation.table(Double.parseDouble(budget));
        }
    }

    private static List<Recipe> recipes() {
        var recipes = new ArrayList<Recipe>();
        recipes.add(allocated("most recent, any part, KV kept or dropped (default)", "drop", "route-by-recency", "[drop, keep], parts=[layer, attention, mlp]"));
        recipes.add(allocated("most recent, any part, KV as is better", "drop", "route-by-recency", "[drop, keep], kvBy=model, parts=[layer, attention, mlp]"));
        recipes.add(allocated("most recent, KV as is better", "drop", "route-by-recency", "[drop, keep], kvBy=model"));
        recipes.add(allocated("most recent, KV kept", "keep", "route-by-recency", "[keep]"));
        recipes.add(allocated("most recent, KV kept or dropped", "keep", "route-by-recency", "[keep, drop]"));
        recipes.add(allocated("most recent, KV dropped", "drop", "route-by-recency", "[drop]"));
        recipes.add(allocated("most recent, attention alone, KV kept or dropped", "drop", "route-by-recency", "[drop, keep], parts=[attention]"));
        recipes.add(allocated("most recent, MLP alone", "keep", "route-by-recency", "[keep], parts=[mlp]"));
        recipes.add(allocated("attention from the last 32, any part, KV kept or dropped", "drop", "route-by-attention{recent=0}", "[drop, keep], parts=[layer, attention, mlp]"));
        recipes.add(allocated("attention from the last 32, MLP alone", "keep", "route-by-attention{recent=0}", "[keep], parts=[mlp]"));
        recipes.add(allocated("evenly spaced, any part, KV kept", "keep", "route-evenly", "[keep], parts=[layer, attention, mlp]"));
        recipes.add(skipPaths("most recent, any part, KV kept or dropped, skip paths of rank 8", "drop", "route-by-recency", "[drop, keep], parts=[layer, attention, mlp]", 8));
        recipes.add(skipPaths("most recent, KV dropped, skip paths of rank 8", "drop", "route-by-recency", "[drop]", 8));
        recipes.add(skipPaths("most recent, KV kept, skip paths of rank 8", "keep", "route-by-recency", "[keep]", 8));
        recipes.add(skipPaths("most recent, KV dropped, skip paths of full rank", "drop", "route-by-recency", "[drop]", 0));
        recipes.add(allocated("attention from the last 32, those kept, KV kept", "keep", "route-by-attention", "[keep]"));
        recipes.add(allocated("attention from the last 32, KV kept", "keep", "route-by-attention{recent=0}", "[keep]"));
        recipes.add(allocated("attention from the last 32, KV dropped", "drop", "route-by-attention{recent=0}", "[drop]"));
        recipes.add(allocated("attention in the layer before from the last 32, KV dropped", "drop", "route-by-attention{recent=0, earlier=1}", "[drop]"));
        recipes.add(allocated("update by the layer before, KV kept", "keep", "route-by-update", "[keep]"));
        recipes.add(allocated("fitted router, KV kept", "keep", "route-by-importance", "[keep]"));
        recipes.add(allocated("evenly spaced, KV kept", "keep", "route-evenly", "[keep]"));
        recipes.add(allocated("random, KV kept", "keep", "route-randomly", "[keep]"));
        for (String route : List.of("route-by-recency", "route-by-attention{recent=0}", "route-by-attention{recent=0, earlier=1}", "route-by-update",
                "route-by-update{measure=cosine}", "route-by-importance", "route-by-importance{signal=attention}", "route-by-importance{signal=update}", "route-evenly",
                "route-randomly")) {
            for (String kv : List.of("keep", "drop")) {
                recipes.add(new Recipe("one ratio, layers 1–3: " + words(route) + ", KV " + (kv.equals("keep") ? "kept" : "dropped"), "select-layers{layers=[1,2,3]},"
                        + "schedule{kind=constant, ratio=X},convert-to-mod{kv=" + kv + "}," + route));
            }
        }
        for (String route : List.of("route-by-recency", "route-evenly")) {
            for (String kv : List.of("keep", "drop")) {
                recipes.add(new Recipe("one ratio, layers 1–3: " + words(route) + ", KV " + (kv.equals("keep") ? "kept" : "dropped") + ", skip paths of rank 8",
                        "select-layers{layers=[1,2,3]},schedule{kind=constant, ratio=X},convert-to-mod{kv=" + kv + "}," + route + ",fit-skip-path{rank=8}"));
            }
        }
        for (String part : List.of("attention, kv=keep", "attention, kv=drop", "mlp")) {
            recipes.add(new Recipe("one ratio, layers 1–3: most recent, " + (part.equals("mlp") ? "MLP alone" : "attention alone, KV " + (part.endsWith("keep") ? "kept" : "dropped")),
                    "select-layers{layers=[1,2,3]},schedule{kind=constant, ratio=X},convert-to-mod{part=" + part + "},route-by-recency"));
        }
        recipes.add(new Recipe("one ratio, all layers: most recent, KV kept",
                "select-layers{rule=all},schedule{kind=constant, ratio=X},convert-to-mod{kv=keep},route-by-recency"));
        for (String kv : List.of("keep", "drop")) {
            String behind = ",schedule{kind=constant, ratio=X},convert-to-mod{kv=" + kv + "},route-by-recency";
            String words = ": most recent, KV " + (kv.equals("keep") ? "kept" : "dropped");
            recipes.add(new Recipe("three layers of lowest ARank" + words, "select-layers{rule=arank, count=3}" + behind));
            recipes.add(new Recipe("three layers of least Block Influence" + words, "select-layers{rule=block_influence, count=3}" + behind));
        }
        recipes.add(new Recipe("PRD: most recent, KV kept", "schedule{average=X},convert-to-mod{kv=keep},route-by-recency"));
        recipes.add(new Recipe("PRD: most recent, KV dropped", "schedule{average=X},convert-to-mod,route-by-recency"));
        recipes.add(new Recipe("PRD: evenly spaced, KV dropped (plain)", "schedule{average=X},convert-to-mod"));
        return recipes;
    }

    private static Recipe allocated(String name, String kv, String route, String tried) {
        return new Recipe("allocated: " + name, "select-layers{rule=all},schedule{kind=constant, ratio=0.5},convert-to-mod{kv=" + kv + "}," + route
                + ",allocate{budget=X, kv=" + tried + "}");
    }

    private static Recipe skipPaths(String name, String kv, String route, String tried, int rank) {
        Recipe without = allocated(name, kv, route, tried);
        return new Recipe(without.name, without.pipeline + ",fit-skip-path{rank=" + rank + "}");
    }

    private static String words(String route) {
        return switch (route) {
            case "route-by-recency" -> "most recent";
            case "route-evenly" -> "evenly spaced";
            case "route-randomly" -> "random";
            case "route-by-attention{recent=0, earlier=1}" -> "attention in the layer before from the last 32";
            case "route-by-update" -> "update by the layer before, norm";
            case "route-by-update{measure=cosine}" -> "update by the layer before, cosine";
            case "route-by-importance" -> "router fitted to attention times update";
            case "route-by-importance{signal=attention}" -> "router fitted to attention";
            case "route-by-importance{signal=update}" -> "router fitted to update";
            default -> "attention from the last 32";
        };
    }

    private void prepare() throws IOException {
        run("convert", checkpoint, "-o", work.resolve("dense"), "--layers", "none");
        SampleStories.write(work.resolve("dense"), CALIBRATION_SEED, CALIBRATION_TEXTS, SAMPLED_TOKENS, work.resolve("calibration.jsonl"));
        if (texts.isEmpty()) {
            SampleStories.write(work.resolve("dense"), HELD_OUT_SEED, prompts, SAMPLED_TOKENS, work.resolve("held-out.jsonl"));
        }
    }

    private Path judged() {
        return texts.orElse(work.resolve("held-out.jsonl"));
    }

    private void table(double budget) throws IOException {
        System.out.printf(Locale.ROOT, "### Budget %.1f%n%n", budget);
        var table = new Results().row("conversion", "FLOPs", "KL, nats", "NLL added", "same likeliest token, %", "KV, %");
        for (Recipe recipe : tried) {
            System.err.println("budget " + budget + ", " + recipe.name);
            table.row(row(recipe, budget));
        }
        table.print();
        System.out.println();
    }

    private static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(text, e);
        }
    }

    private Object[] row(Recipe recipe, double budget) throws IOException {
        Path bundle = work.resolve("bundle");
        double x;
        double flops;
        try {
            x = recipe.allocates() ? budget : solved(recipe, budget);
            flops = converted(recipe, x, bundle);
        } catch (OutOfReachException e) {
            return new Object[] {recipe.name, "out of reach", "–", "–", "–", "–"};
        }
        // what the skip paths cost is known once they are fitted
        for (int i = 0; recipe.hasSkipPaths() && i < 8 && (flops > budget || i < 4 && flops < budget - 0.005); i++) {
            x += recipe.allocates() ? budget - flops - 0.001 : (budget - flops - 0.001) * x / flops;
            flops = converted(recipe, x, bundle);
        }
        JsonNode o = json(run("eval", bundle, "--against", work.resolve("dense"), "--data", judged(), "--prompts",
                prompts, "--prompt-tokens", PROMPT, "--continuation-tokens", CONTINUATION, "--json"));
        return new Object[] {recipe.name, format("%.3f", o.get("flops").doubleValue() / o.get("against_flops").doubleValue()), interval(o.get("kl_mean"), 1),
            interval(o.get("nll_added"), 1), interval(o.get("top1_agreement"), 100),
            format("%.1f", 100 * o.get("kv_bytes").doubleValue() / o.get("against_kv_bytes").doubleValue())};
    }

    private String convert(Recipe recipe, double x, Path bundle, String... more) {
        var args = new ArrayList<Object>(List.of("convert", checkpoint, "-o", bundle, "--force", "--pipeline", recipe.pipeline.replace("X", Double.toString(x)), "--calibration",
                work.resolve("calibration.jsonl"), "--samples", CALIBRATION_TEXTS, "--tokens-per-sample", PROMPT + CONTINUATION));
        args.addAll(List.of(more));
        return run(args.toArray());
    }

    /** Converts, and gives the prefill FLOPs over the dense model's. */
    private double converted(Recipe recipe, double x, Path bundle) throws IOException {
        convert(recipe, x, bundle);
        JsonNode o = json(run("eval", bundle, "--against", work.resolve("dense"), "--data", judged(), "--prompts", 2,
                "--prompt-tokens", PROMPT, "--continuation-tokens", 1, "--json"));
        return o.get("flops").doubleValue() / o.get("against_flops").doubleValue();
    }

    /** The layers that a recipe chooses by measuring, whatever the ratio. */
    private List<Integer> measured(Recipe recipe) {
        JsonNode o = json(convert(recipe, 0.5, work.resolve("bundle"), "--json"));
        var layers = new ArrayList<Integer>();
        o.get("layers").forEach(l -> {
            if (l.get("kind").textValue().equals("mod")) {
                layers.add(l.get("layer").intValue());
            }
        });
        return layers;
    }

    /** The number for which the FLOPs are as near below the budget as it lets them be; the largest there is where all are below. */
    private double solved(Recipe recipe, double budget) throws IOException {
        double low = recipe.pipeline.contains("average") ? -0.5 : 0;
        double high = recipe.pipeline.contains("average") ? 1.5 : 1;
        if (cost(recipe, low) > budget) {
            throw new OutOfReachException();
        }
        for (int i = 0; i < STEPS; i++) {
            double middle = (low + high) / 2;
            if (cost(recipe, middle) <= budget) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Prefill FLOPs of a recipe that measures no answers, over the dense model's. */
    private double cost(Recipe recipe, double x) throws IOException {
        String pipeline = costs.computeIfAbsent(recipe, this::pipeline);
        try (Checkpoint opened = Checkpoint.open(checkpoint)) {
            Model dense = Importer.load(opened);
            var mix = new Cost.Mix(PROMPT - 2, 2);
            Model flatDense = Pipeline.parse(BuiltinPasses.LOWERING, REGISTRY).run(dense, PassContext.builder().build(), Pipeline.Listener.NONE);
            Model flat = Pipeline.parse(pipeline.replace("X", Double.toString(x)), REGISTRY).run(dense, PassContext.builder().build(), Pipeline.Listener.NONE);
            return Cost.lastToken(flat, mix).flops() / Cost.lastToken(flatDense, mix).flops();
        }
    }

    /** What counts as much as a recipe and measures nothing. */
    private String pipeline(Recipe recipe) {
        return (recipe.measuresLayers() ? recipe.pipeline.replaceFirst("select-layers\\{[^}]*}", "select-layers{layers=" + measured(recipe) + "}") : recipe.pipeline)
                .replaceAll(",fit-skip-path.*", "")
                // a router that is not fitted costs what it costs when it is
                .replaceAll("\\{kv=(\\w+)},route-by-importance.*", "{style=mod, kv=$1}") + "," + BuiltinPasses.LOWERING;
    }

    private static String interval(JsonNode estimate, double scale) {
        String digits = scale == 1 ? "%.4f" : "%.1f";
        return format(digits, scale * estimate.get("value").doubleValue()) + " (" + format(digits, scale * estimate.get("low").doubleValue()) + " – "
                + format(digits, scale * estimate.get("high").doubleValue()) + ")";
    }

    private static String format(String how, double value) {
        return String.format(Locale.ROOT, how, value);
    }

    private static String run(Object... args) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int code = Main.run(new Console(out, err, true, Terminals.NONE), Arrays.stream(args).map(Object::toString).toArray(String[]::new));
        if (code != Main.DONE) {
            if (err.toString(StandardCharsets.UTF_8).contains("cannot be reached")) {
                throw new OutOfReachException();
            }
            throw new IllegalStateException(Arrays.toString(args) + ": " + err.toString(StandardCharsets.UTF_8));
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
