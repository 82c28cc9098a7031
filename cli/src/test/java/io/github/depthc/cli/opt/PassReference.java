// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Writes {@code docs/passes.md}: each pass by its own data, with the example among its text tests. */
final class PassReference {
    private static final String HEAD = """
            # Passes

            Each built-in pass, its options and an example. This page is generated from the passes' own data and their text tests
            (`passes/builtin/src/test/resources/mir/PASS/example.mir`); CONTRIBUTING.md says how. `depthc opt --list-passes` prints the same of the
            passes that are there, those of plug-ins included. The text form is described in [ir.md](ir.md).

            Passes are named in a pipeline, in order, each with the options that differ from their defaults:

            ```
            depthc opt CHECKPOINT --pipeline='select-layers{layers=[1, 3]},schedule{kind=constant, ratio=0.5},convert-to-mod'
            ```

            """;

    private final Path tests;
    private final StringBuilder out = new StringBuilder(HEAD);

    private PassReference(Path tests) {
        this.tests = tests;
    }

    /**
     * An example.
     *
     * @param words    what it shows
     * @param pipeline what is run
     * @param input    the model before
     * @param output   and after
     */
    record Example(String words, String pipeline, List<String> input, List<String> output) {
        static Example read(Path file) throws IOException {
            List<String> lines = Files.readAllLines(file);
            int run = index(file, lines, "// RUN: ");
            int expect = index(file, lines, "// EXPECT:");
            String words = String.join(" ", lines.subList(0, run).stream().filter(l -> !l.startsWith("// SAMPLE: "))
                    .map(l -> l.substring(2).strip()).toList());
            List<String> output = lines.subList(expect + 1, lines.size()).stream().map(l -> l.substring(Math.min(3, l.length()))).toList();
            return new Example(words, lines.get(run).substring("// RUN: ".length()).strip(), lines.subList(run + 1, expect), output);
        }

        private static int index(Path file, List<String> lines, String start) {
            for (int i = 0; i < lines.size(); i++) {
                if (lines.get(i).startsWith(start)) {
                    return i;
                }
            }
            throw new AssertionError(file + ": has no line '" + start + "', which an example of the reference needs");
        }
    }

    /**
     * The page.
     *
     * @param tests folder of the text tests, with one for each pass
     */
    static String of(PassRegistry registry, Path tests) throws IOException {
        var reference = new PassReference(tests);
        reference.contents(registry);
        for (Pass<?> pass : registry.all()) {
            reference.pass(pass);
        }
        return reference.out.toString();
    }

    private void contents(PassRegistry registry) {
        out.append("| pass | what it does |\n|---|---|\n");
        registry.all().forEach(p -> out.append("| [`").append(p.spec().name()).append("`](#").append(p.spec().name()).append(") | ")
                .append(p.spec().summary()).append(" |\n"));
    }

    private void pass(Pass<?> pass) throws IOException {
        out.append("\n## ").append(pass.spec().name()).append("\n\n").append(sentence(pass.spec().summary())).append('\n');
        List<OptionInfo> options = OptionInfo.of(pass.spec());
        if (!options.isEmpty()) {
            out.append("\n| option | type | default | what |\n|---|---|---|---|\n");
            options.forEach(o -> out.append("| `").append(o.name()).append("` | ").append(o.type().replace("|", " \\| ")).append(" | `").append(o.defaultValue())
                    .append("` | ").append(o.description().orElse("")).append(" |\n"));
        }
        example(pass.spec().name()).ifPresentOrElse(e -> {
            out.append('\n').append(e.words()).append("\n\n`").append(e.pipeline()).append("`\n\n```diff\n");
            diff(e.input(), e.output()).forEach(l -> out.append(l.stripTrailing()).append('\n'));
            out.append("```\n");
        }, () -> out.append("\nIt runs the model on text, so that it has no example here.\n"));
    }

    private Optional<Example> example(String pass) throws IOException {
        Path file = tests.resolve(pass).resolve("example.mir");
        return Files.exists(file) ? Optional.of(Example.read(file)) : Optional.empty();
    }

    private static String sentence(String summary) {
        return Character.toUpperCase(summary.charAt(0)) + summary.substring(1) + ".";
    }

    /** All lines, with a sign before those that are in one text alone: the shortest such list. */
    static List<String> diff(List<String> before, List<String> after) {
        var common = new int[before.size() + 1][after.size() + 1];
        for (int i = before.size() - 1; i >= 0; i--) {
            for (int j = after.size() - 1; j >= 0; j--) {
                common[i][j] = before.get(i).equals(after.get(j)) ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
            }
        }
        var lines = new ArrayList<String>();
        int i = 0;
        int j = 0;
        while (i < before.size() || j < after.size()) {
            if (i < before.size() && j < after.size() && before.get(i).equals(after.get(j))) {
                lines.add("  " + before.get(i++));
                j++;
            } else if (i < before.size() && (j == after.size() || common[i + 1][j] >= common[i][j + 1])) {
                lines.add("- " + before.get(i++));
            } else {
                lines.add("+ " + after.get(j++));
            }
        }
        return lines;
    }
}
