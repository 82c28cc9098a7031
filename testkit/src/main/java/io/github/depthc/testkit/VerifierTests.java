// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.OpSet;
import io.github.depthc.ir.text.Nearest;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.text.TextException;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.PassRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * Runs {@code .mir} files as tests of what the verifier says about them. Behind a line stands {@code // error: text} for each error that is
 * expected there, with text that is part of its message; on a line of its own the comment is about an error of the graph as a whole, whose
 * line is that of the word {@code graph}. An error that is not expected fails the test. A file that must be valid says so instead, in a line
 * {@code // valid}; one with neither fails, as does a comment that is nearly one of these. A text that the parser refuses has that one error.
 */
public final class VerifierTests {
    private static final String ERROR = "error";
    private static final String MARK = "// " + ERROR + ": ";
    private static final String VALID = "// valid";
    /** A comment that begins with one word and perhaps a colon. */
    private static final Pattern COMMENT = Pattern.compile("//+\\s*([A-Za-z]+)(\\s*:|\\s*$)");

    private final OpSet ops;

    /** Tests of all op kinds that providers offer too; an {@link AssertionError} if one could not be loaded. */
    public VerifierTests(PassRegistry registry) {
        this(Loaded.whole(registry).ops());
    }

    /** Tests of these op kinds. */
    public VerifierTests(OpSet ops) {
        this.ops = ops;
    }

    /** @param line from 1, or 0 for the graph's */
    private record Expected(int line, String text) {
        boolean matches(Diagnostic d, int graphAt) {
            return d.location().line() == (line == 0 ? graphAt : line) && d.message().contains(text);
        }
    }

    /**
     * What there is to say about a text.
     *
     * @param graphAt line on which its graph begins
     */
    private record Found(List<Diagnostic> errors, int graphAt) {
    }

    /** One test for each {@code .mir} file below a folder; a folder without any is an error. */
    public Stream<DynamicTest> in(Path folder) {
        return MirFiles.tests(folder, this::run);
    }

    /** Runs one file; fails with an {@link AssertionError} that names each error that is missing, and each that was not expected. */
    public void run(Path file) throws IOException {
        Found all = errors(SourceText.read(file));
        List<Diagnostic> found = new ArrayList<>(all.errors());
        List<String> lines = MirFiles.lines(file);
        var wrong = new ArrayList<String>();
        List<Expected> expected = expected(file, lines);
        boolean valid = lines.stream().anyMatch(l -> l.strip().equals(VALID));
        if (expected.isEmpty() != valid) {
            throw new AssertionError(file + ": " + (valid ? "says both '" + VALID + "' and '" + MARK + "…', expected one of them"
                    : "expects nothing: give each faulty line a comment '" + MARK + "part of the message', or the file a line '" + VALID + "'"));
        }
        for (Expected e : expected) {
            Optional<Diagnostic> match = found.stream().filter(d -> e.matches(d, all.graphAt())).findFirst();
            if (match.isPresent()) {
                found.remove(match.get());
            } else {
                wrong.add(file + (e.line() == 0 ? "" : ":" + e.line()) + ": expected an error with '" + e.text() + "'");
            }
        }
        found.forEach(d -> wrong.add(file + (d.location().line() == 0 ? "" : ":" + d.location().line()) + ": not expected: " + d.message()));
        if (!wrong.isEmpty()) {
            throw new AssertionError(String.join("\n", wrong));
        }
    }

    private Found errors(SourceText text) {
        Parser.Parsed parsed;
        try {
            parsed = Parser.parse(text, ops);
        } catch (TextException e) {
            return new Found(List.of(e.diagnostic()), 0);
        }
        return new Found(Verifier.check(parsed.model(WeightStore.EMPTY), ops), parsed.graph().location().line());
    }

    private static List<Expected> expected(Path file, List<String> lines) {
        var expected = new ArrayList<Expected>();
        for (int i = 0; i < lines.size(); i++) {
            String[] parts = lines.get(i).split(MARK, -1);
            String unmarked = String.join("", parts).strip().equals(VALID) ? "" : String.join("", parts);
            Matcher comment = COMMENT.matcher(unmarked);
            while (comment.find()) {
                if (!Nearest.hint(comment.group(1), List.of(ERROR, VALID.substring(3))).isEmpty()) {
                    throw new AssertionError(file + ":" + (i + 1) + ": found '" + comment.group() + "', expected '" + MARK + "…', or '" + VALID + "' on a line of its own");
                }
            }
            for (int p = 1; p < parts.length; p++) {
                if (parts[p].isBlank()) {
                    throw new AssertionError(file + ":" + (i + 1) + ": found '" + MARK.strip() + "' with nothing behind it, expected part of the error's message");
                }
                expected.add(new Expected(parts[0].isBlank() ? 0 : i + 1, parts[p].strip()));
            }
        }
        return expected;
    }
}
