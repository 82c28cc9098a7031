// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The lines {@code // WORD: text} of a test file that mean something to the tests. */
final class Directives {
    /** Pipeline to run. */
    static final String RUN = "RUN";
    /** Part of the message with which it must fail. */
    static final String FAIL = "FAIL";
    /** Begins the exact output. */
    static final String EXPECT = "EXPECT";
    /** Prefix of the expectations about single lines. */
    static final String CHECK = "CHECK";

    private static final Pattern LINE = Pattern.compile("^\\s*//\\s*((?:RUN|FAIL|EXPECT|CHECK)[A-Z-]*)\\s*:\\s*(.*?)\\s*$");
    private static final Set<String> KNOWN = Set.of(RUN, FAIL, EXPECT, CHECK, CHECK + "-NEXT", CHECK + "-NOT", CHECK + "-LABEL");

    private Directives() {
    }

    /**
     * One of them.
     *
     * @param line from 1
     */
    record Directive(String word, String text, int line) {
    }

    /** All of a file, in order; a misspelt one is an error, since it would check nothing. */
    static List<Directive> of(String file, List<String> lines) {
        var found = new ArrayList<Directive>();
        for (int i = 0; i < lines.size(); i++) {
            Matcher m = LINE.matcher(lines.get(i));
            if (m.matches()) {
                if (!KNOWN.contains(m.group(1))) {
                    throw new AssertionError(file + ":" + (i + 1) + ": found '// " + m.group(1) + ":', expected one of "
                            + KNOWN.stream().sorted().toList());
                }
                if (m.group(2).isEmpty() && !m.group(1).equals(EXPECT) && !m.group(1).equals(RUN)) {
                    throw new AssertionError(file + ":" + (i + 1) + ": found '// " + m.group(1) + ":' with nothing behind it, expected a text to look for");
                }
                found.add(new Directive(m.group(1), m.group(2), i + 1));
                if (m.group(1).equals(EXPECT)) {
                    break; // what follows is output, whatever it looks like
                }
            }
        }
        return found;
    }
}
