// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The exact output that a test file ends with: a line {@code // EXPECT:} and below it the output, each line behind {@code //}.
 *
 * @param line   of {@code // EXPECT:}, from 1
 * @param output the lines expected
 */
record Expectation(Path file, int line, List<String> output) {
    private static final String MARK = "//";

    /** What stands below the directive. */
    static Expectation read(Path file, List<String> lines, Directives.Directive directive) {
        if (!directive.text().isEmpty()) {
            throw new AssertionError(file + ":" + directive.line() + ": found '" + directive.text() + "' behind EXPECT:, expected the output below it");
        }
        var output = new ArrayList<String>();
        for (int i = directive.line(); i < lines.size(); i++) {
            String text = lines.get(i);
            if (!text.startsWith(MARK)) {
                if (text.isBlank()) {
                    continue;
                }
                throw new AssertionError(file + ":" + (i + 1) + ": found '" + text.strip() + "' below EXPECT:, expected nothing but the output, "
                        + "each line behind //");
            }
            output.add(text.startsWith(MARK + " ") ? text.substring(MARK.length() + 1) : text.substring(MARK.length()));
        }
        return new Expectation(file, directive.line(), List.copyOf(output));
    }

    /** Fails at the first line that is another. */
    void match(String text) {
        List<String> found = text.lines().toList();
        for (int i = 0; i < Math.max(found.size(), output.size()); i++) {
            String expected = i < output.size() ? output.get(i) : null;
            String actual = i < found.size() ? found.get(i) : null;
            if (expected == null || !expected.equals(actual)) {
                throw new AssertionError(file + ":" + (line + 1 + i) + ": EXPECT: line " + (i + 1) + " of the output\n  is       "
                        + (actual == null ? "missing" : actual) + "\n  expected " + (expected == null ? "the end" : expected)
                        + "\n  if the new output is right, run the test with -D" + TextTests.BLESS + "=true to write it here\n" + Numbered.lines(found));
            }
        }
    }

    /** Puts this output in the file in place of the old one, if it is another. */
    void bless(String text) throws IOException {
        List<String> found = text.lines().toList();
        if (found.equals(output)) {
            return;
        }
        var lines = new ArrayList<>(Files.readAllLines(file).subList(0, line));
        found.forEach(l -> lines.add(l.isEmpty() ? MARK : MARK + " " + l));
        Files.write(file, lines);
    }
}
