// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.testkit;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * Runs a folder of {@code .mir} files as JUnit dynamic tests. Each holds a model or a graph on its own, a line {@code // RUN: pipeline}, and
 * {@link Checks CHECK lines} about the printed result; remarks are printed before it as {@code remark: …}. A file with
 * {@code // FAIL: text} must fail instead, with a message that contains the text.
 */
public final class TextTests {
    private final PassRegistry registry;

    public TextTests(PassRegistry registry) {
        this.registry = registry;
    }

    /** One test for each {@code .mir} file below a folder; a folder without any is an error. */
    public Stream<DynamicTest> in(Path folder) {
        try (Stream<Path> walk = Files.walk(folder)) {
            List<Path> files = walk.filter(f -> f.toString().endsWith(".mir")).sorted().toList();
            if (files.isEmpty()) {
                throw new IllegalArgumentException(folder + " has no .mir files");
            }
            return files.stream().map(f -> DynamicTest.dynamicTest(folder.relativize(f).toString(), f.toUri(), () -> run(f)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs one file. */
    public void run(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        String pipeline = directive(lines, "RUN");
        String failure = directive(lines, "FAIL");
        var checks = new Checks(lines);
        String name = file.getFileName().toString();
        if (pipeline == null || failure == null && checks.isEmpty()) {
            throw new AssertionError(name + ": expected a line '// RUN: pipeline' and CHECK lines or '// FAIL: text'");
        }
        String output;
        try {
            output = output(SourceText.read(file), pipeline);
        } catch (InputException e) {
            if (failure != null && e.getMessage().contains(failure)) {
                return;
            }
            throw new AssertionError(name + ": " + e.getMessage(), e);
        }
        if (failure != null) {
            throw new AssertionError(name + ": expected a failure with '" + failure + "', but it ran:\n" + output);
        }
        checks.match(name, output);
    }

    private String output(SourceText text, String pipeline) {
        Parser.Parsed parsed = Parser.parse(text, registry.ops());
        Model model = parsed.model(WeightStore.EMPTY);
        var remarks = new StringBuilder();
        PassContext context = PassContext.builder().remarks((Diagnostic d) -> remarks.append(d).append('\n')).build();
        Model result = Pipeline.parse(pipeline, registry).run(model, context, Pipeline.Listener.NONE);
        return remarks + (parsed.info().isPresent() ? Printer.print(result) : Printer.print(result.graph()));
    }

    private static String directive(List<String> lines, String name) {
        String prefix = "// " + name + ":";
        return lines.stream().filter(l -> l.startsWith(prefix)).map(l -> l.substring(prefix.length()).strip()).findFirst().orElse(null);
    }
}
