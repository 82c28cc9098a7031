// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.builtin.BuiltinPasses;
import io.github.depthc.testkit.Fuzzer;
import io.github.depthc.testkit.ParserFuzzer;
import io.github.depthc.testkit.RandomModels;
import io.github.depthc.testkit.ValueCheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Random models through every pass that keeps values, and damaged texts through the parser; the first failure ends it. */
public final class Fuzz {
    /** Every layer keeps every token. */
    private static final String KEEP_ALL = "select-layers{rule=all},schedule{kind=constant, ratio=1.0},convert-to-mod";
    private static final int STRIDE = 500;
    private static final int SEED_TEXTS = 50;
    /** One in so many models runs in the portable form too. */
    private static final int PORTABLE_PART = 10;

    private Fuzz() {
    }

    /** The fuzzer of the built-in passes: the whole lowering on every decoder, each clean-up by itself on some of them and on every graph. */
    public static Fuzzer builtinPasses(PassRegistry registry) {
        return new Fuzzer(registry).flat("cse", "dce", "fold-constants", "fuse-add-norm", "hoist-gather").layered(BuiltinPasses.LOWERING).dense(KEEP_ALL).takeTurns();
    }

    /** Arguments: the repository, models, damaged texts, first seed. */
    public static void main(String[] args) throws IOException {
        Path root = Path.of(args[0]);
        int models = Integer.parseInt(args[1]);
        int texts = Integer.parseInt(args[2]);
        long first = Long.parseLong(args[3]);
        Fuzzer fuzzer = builtinPasses(PassRegistry.load());
        fuzzer.run(first, 1); // loads the library
        Results.header("Fuzzing from seed " + first);
        System.out.println(Results.onnxRuntime() + "\n");
        if (models > 0) {
            passes(fuzzer, ValueCheck.Form.FAST, first, models);
            passes(fuzzer, ValueCheck.Form.PORTABLE, first, models / PORTABLE_PART);
        }
        if (texts > 0) {
            parser(root, first, texts);
        }
    }

    private static void passes(Fuzzer fuzzer, ValueCheck.Form form, long first, int models) {
        var changed = new TreeMap<String, Integer>();
        long start = System.nanoTime();
        for (int done = 0; done < models; done += STRIDE) {
            fuzzer.in(form).run(first + done, Math.min(STRIDE, models - done)).changed().forEach((p, n) -> changed.merge(p, n, Integer::sum));
            System.err.println(Math.min(models, done + STRIDE) + " of " + models + " models");
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        var table = new Results().row("pipeline", "models that it changed");
        changed.forEach((pipeline, n) -> table.row("`" + pipeline + "`", n));
        System.out.printf("%d models, %s form, in %.0f s; each verified, printed and read back, and compared with the reference:%n%n", models,
                form.name().toLowerCase(Locale.ROOT), seconds);
        table.print();
    }

    private static void parser(Path root, long first, int texts) throws IOException {
        var seeds = new ArrayList<>(RandomModels.texts(0, SEED_TEXTS));
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".mir") && f.toString().contains("src")).sorted().toList()) {
                seeds.add(Files.readString(file));
            }
        }
        ParserFuzzer.Summary summary = new ParserFuzzer(BuiltinOps.SET, seeds).run(first, texts);
        new Results().row("damaged texts", "made from", "read", "refused", "slowest, ms")
                .row(texts, seeds.size() + " texts", summary.read(), texts - summary.read(), summary.slowest().toMillis()).print();
    }
}
