// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Origin;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.text.TextException;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassException;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.api.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
 * Lines {@code // SAMPLE: 3 1 4} are calibration prompts of token ids. With one of them passes may run the model: stored weights are then
 * random numbers that go by their names, the same each time.
 *
 * <p>With the system property {@value #BLESS} set to {@code true} ({@code mvn test -Ddepthc.bless=true}), outputs below {@code // EXPECT:} that
 * are not those of now are written anew instead of failing; look at what has changed before committing it.
 */
public final class TextTests {
    /** The system property that writes exact outputs anew. */
    public static final String BLESS = "depthc.bless";

    private final PassRegistry registry;
    private final boolean bless;

    /** Tests of these passes and op kinds; an {@link AssertionError} if a provider of some could not be loaded. */
    public TextTests(PassRegistry registry) {
        this(registry, Boolean.getBoolean(BLESS));
    }

    TextTests(PassRegistry registry, boolean bless) {
        this.registry = Loaded.whole(registry);
        this.bless = bless;
    }

    /** One test for each {@code .mir} file below a folder (of the sources, so that outputs can be written anew); a folder without any is an error. */
    public Stream<DynamicTest> in(Path folder) {
        return MirFiles.tests(folder, this::run);
    }

    /** Runs one file; fails with an {@link AssertionError} that says where and why. */
    public void run(Path file) throws IOException {
        List<String> lines = MirFiles.lines(file);
        List<Directives.Directive> directives = Directives.of(file.toString(), lines);
        var checks = new Checks(file.toString(), directives);
        List<Directives.Directive> runs = of(directives, Directives.RUN);
        List<Directives.Directive> failures = of(directives, Directives.FAIL);
        List<Expectation> expected = of(directives, Directives.EXPECT).stream().map(d -> Expectation.read(file, lines, d)).toList();
        Directives.Directive run = onlyRun(file, runs);
        boolean expectsOutput = !checks.isEmpty() || !expected.isEmpty();
        if (!expectsOutput && failures.isEmpty()) {
            throw new AssertionError(at(file, run) + "nothing is expected of this, expected '// CHECK: …' lines, a '// EXPECT:' block or both, or "
                    + "'// FAIL: text' lines");
        }
        if (expectsOutput && !failures.isEmpty()) {
            throw new AssertionError(at(file, failures.getFirst()) + "found '// FAIL:' in a file that expects an output too, expected one or the other");
        }
        String output;
        try {
            output = output(SourceText.read(file), run.text(), samples(file, of(directives, Directives.SAMPLE)));
        } catch (InputException | PassException e) {
            if (failures.isEmpty() || e instanceof PassException) {
                boolean ofTheText = e instanceof TextException t && t.diagnostic().location().source().equals(file.toString());
                throw new AssertionError(ofTheText ? e.getMessage() : at(file, run) + "RUN: " + run.text() + "\n  it failed: " + e.getMessage(), e);
            }
            failed(file, failures, e);
            return;
        } catch (RuntimeException e) {
            throw new AssertionError(at(file, run) + "RUN: " + run.text() + "\n  it failed: " + Origin.words(e), e);
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

    private static void failed(Path file, List<Directives.Directive> failures, RuntimeException e) {
        for (Directives.Directive f : failures) {
            if (!e.getMessage().contains(f.text())) {
                throw new AssertionError(file + ":" + f.line() + ": FAIL: " + f.text() + "\n  it failed with another message: " + e.getMessage(), e);
            }
        }
    }

    private static Directives.Directive onlyRun(Path file, List<Directives.Directive> runs) {
        if (runs.isEmpty()) {
            throw new AssertionError(file + ": has no line '// RUN: pipeline', expected one");
        }
        if (runs.size() > 1) {
            throw new AssertionError(at(file, runs.get(1)) + "found a second '// RUN:', the first is on line " + runs.getFirst().line()
                    + "; expected one in each file");
        }
        return runs.getFirst();
    }

    private static List<Sample> samples(Path file, List<Directives.Directive> directives) {
        var samples = new ArrayList<Sample>();
        for (Directives.Directive d : directives) {
            try {
                samples.add(Sample.of(Arrays.stream(d.text().split("\\s+")).mapToLong(Long::parseLong).toArray()));
            } catch (NumberFormatException e) {
                throw new AssertionError(at(file, d) + "SAMPLE: " + d.text() + "\n  found what is no number, expected token ids with spaces between them", e);
            }
        }
        return samples;
    }

    private static String at(Path file, Directives.Directive directive) {
        return file + ":" + directive.line() + ": ";
    }

    private static List<Directives.Directive> of(List<Directives.Directive> all, String word) {
        return all.stream().filter(d -> d.word().equals(word)).toList();
    }

    private String output(SourceText text, String pipeline, List<Sample> samples) {
        Parser.Parsed parsed = Parser.parse(text, registry.ops());
        Model model = parsed.model(samples.isEmpty() ? WeightStore.EMPTY : new DrawnWeights());
        var remarks = new StringBuilder();
        PassContext.Builder context = PassContext.builder().remarks((Diagnostic d) -> remarks.append(d).append('\n'));
        if (!samples.isEmpty()) {
            context.executor(Traces.executor()).calibration(() -> samples);
        }
        Model result = Pipeline.parse(pipeline, registry).run(model, context.build(), Pipeline.Listener.NONE);
        return remarks + (parsed.info().isPresent() ? Printer.print(result) : Printer.print(result.graph()));
    }
}
