// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * Runs {@code .mir} files as JUnit dynamic tests. Each holds a model or a graph on its own, a line {@code // RUN: pipeline}, and what is
 * expected of the printed result, before which remarks are printed as {@code remark: …}:
 * <ul>
 *   <li>lines {@code // CHECK: …}, {@code // CHECK-NEXT: …}, {@code // CHECK-NOT: …}, {@code // CHECK-LABEL: …}, in order: a line of the
 *   output contains the text, where {@code {{regex}}} is a regular expression, {@code [[NAME:regex]]} captures what it matches and
 *   {@code [[NAME]]} is what was captured;</li>
 *   <li>or, at the end of the file, a line {@code // EXPECT:} and below it the whole output, each line behind {@code //};</li>
 *   <li>or lines {@code // FAIL: text}: it must fail, with a message that contains each text.</li>
 * </ul>
 * With the system property {@value #BLESS} set to {@code true} ({@code mvn test -Ddepthc.bless=true}), outputs below {@code // EXPECT:} that
 * are not those of now are written anew instead of failing; look at what has changed before committing it.
 */
public final class TextTests {
    /** The system property that writes exact outputs anew. */
    public static final String BLESS = "depthc.bless";

    private final PassRegistry registry;
    private final boolean bless;

    /** Tests of these passes and op kinds. */
    public TextTests(PassRegistry registry) {
        this(registry, Boolean.getBoolean(BLESS));
    }

    TextTests(PassRegistry registry, boolean bless) {
        this.registry = registry;
        this.bless = bless;
    }

    /** One test for each {@code .mir} file below a folder (of the sources, so that outputs can be written anew); a folder without any is an error. */
    public Stream<DynamicTest> in(Path folder) {
        return MirFiles.tests(folder, this::run);
    }

    /** Runs one file; fails with an {@link AssertionError} that says where and why. */
    public void run(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        List<Directives.Directive> directives = Directives.of(file.toString(), lines);
        var checks = new Checks(file.toString(), directives);
        List<Directives.Directive> runs = of(directives, Directives.RUN);
        List<Directives.Directive> failures = of(directives, Directives.FAIL);
        List<Expectation> expected = of(directives, Directives.EXPECT).stream().map(d -> Expectation.read(file, lines, d)).toList();
        boolean expectsOutput = !checks.isEmpty() || !expected.isEmpty();
        if (runs.size() != 1 || expectsOutput != failures.isEmpty()) {
            throw new AssertionError(file + ": expected one line '// RUN: pipeline', and either '// CHECK: …' lines, a '// EXPECT:' block or both, "
                    + "or '// FAIL: text' lines");
        }
        String output;
        try {
            output = output(SourceText.read(file), runs.getFirst().text());
        } catch (InputException e) {
            if (failures.isEmpty()) {
                throw new AssertionError(file + ": " + e.getMessage(), e);
            }
            failed(file, failures, e);
            return;
        }
        if (!failures.isEmpty()) {
            throw new AssertionError(file + ":" + failures.getFirst().line() + ": expected a failure with '" + failures.getFirst().text()
                    + "', but it ran\n" + Numbered.lines(output.lines().toList()));
        }
        checks.match(output);
        for (Expectation e : expected) {
            if (bless) {
                e.bless(output);
            } else {
                e.match(output);
            }
        }
    }

    private static void failed(Path file, List<Directives.Directive> failures, InputException e) {
        for (Directives.Directive f : failures) {
            if (!e.getMessage().contains(f.text())) {
                throw new AssertionError(file + ":" + f.line() + ": FAIL: " + f.text() + "\n  it failed with another message: " + e.getMessage(), e);
            }
        }
    }

    private static List<Directives.Directive> of(List<Directives.Directive> all, String word) {
        return all.stream().filter(d -> d.word().equals(word)).toList();
    }

    private String output(SourceText text, String pipeline) {
        Parser.Parsed parsed = Parser.parse(text, registry.ops());
        Model model = parsed.model(WeightStore.EMPTY);
        var remarks = new StringBuilder();
        PassContext context = PassContext.builder().remarks((Diagnostic d) -> remarks.append(d).append('\n')).build();
        Model result = Pipeline.parse(pipeline, registry).run(model, context, Pipeline.Listener.NONE);
        return remarks + (parsed.info().isPresent() ? Printer.print(result) : Printer.print(result.graph()));
    }
}
