// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.text.Nearest;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The lines {@code // WORD: text} of a test file that mean something to the tests. A comment that is nearly one is an error, since it
 * would check nothing.
 */
final class Directives {
    /** Pipeline to run. */
    static final String RUN = "RUN";
    /** A calibration prompt. */
    static final String SAMPLE = "SAMPLE";
    /** Part of the message with which it must fail. */
    static final String FAIL = "FAIL";
    /** Begins the exact output. */
    static final String EXPECT = "EXPECT";
    /** Prefix of the expectations about single lines. */
    static final String CHECK = "CHECK";

    private static final List<String> KNOWN = List.of(CHECK, CHECK + "-LABEL", CHECK + "-NEXT", CHECK + "-NOT", EXPECT, FAIL, RUN, SAMPLE);
    /** What stands behind {@code CHECK-}: on its own it looks like a check to whoever reads it. */
    private static final List<String> ENDINGS = KNOWN.stream().filter(k -> k.startsWith(CHECK + "-")).map(k -> k.substring(CHECK.length() + 1)).toList();
    /** A comment by its first word. */
    private static final Pattern COMMENT = Pattern.compile("^\\s*///*\\s*([A-Za-z][A-Za-z_-]*)(\\s*:)?(.*)$");
    private static final Pattern BEHIND_CODE = Pattern.compile("^\\s*[^\\s/].*//\\s*(" + String.join("|", KNOWN) + ")\\s*:.*$");

    private Directives() {
    }

    /**
     * One of them.
     *
     * @param line from 1
     */
    record Directive(String word, String text, int line) {
    }

    /** All of a file, in order. */
    static List<Directive> of(String file, List<String> lines) {
        var found = new ArrayList<Directive>();
        for (int i = 0; i < lines.size(); i++) {
            String at = file + ":" + (i + 1) + ": ";
            Matcher m = COMMENT.matcher(lines.get(i));
            Matcher behind = BEHIND_CODE.matcher(lines.get(i));
            if (behind.matches()) {
                throw new AssertionError(at + "found '// " + behind.group(1) + ":' behind code, expected it on a line of its own");
            }
            if (!m.matches()) {
                continue;
            }
            String word = m.group(1);
            if (KNOWN.contains(word)) {
                found.add(directive(at, m, i + 1));
                if (word.equals(EXPECT)) {
                    break; // what follows is output, whatever it looks like
                }
            } else if (isNearlyOne(word, m.group(2) != null)) {
                throw new AssertionError(at + "found '// " + word + (m.group(2) == null ? "" : ":") + "', expected one of "
                        + String.join(":, ", KNOWN) + ":"
                        + (ENDINGS.contains(word) ? "; did you mean '" + CHECK + "-" + word + "'?" : Nearest.hint(word, KNOWN)));
            }
        }
        return found;
    }

    private static Directive directive(String at, Matcher m, int line) {
        String word = m.group(1);
        String text = m.group(3).strip();
        if (m.group(2) == null) {
            throw new AssertionError(at + "found '// " + word + "' without a colon, expected '// " + word + ": …'; in words for readers, begin otherwise");
        }
        if (text.isEmpty() && !word.equals(EXPECT) && !word.equals(RUN)) {
            throw new AssertionError(at + "found '// " + word + ":' with nothing behind it, expected " + (word.equals(SAMPLE) ? "token ids" : "a text to look for"));
        }
        return new Directive(word, text, line);
    }

    /** Comments for readers do not begin with a word and a colon that look like one. */
    private static boolean isNearlyOne(String word, boolean colon) {
        boolean capitals = word.chars().noneMatch(Character::isLowerCase);
        return colon && ENDINGS.contains(word) || word.startsWith(CHECK + "-") || word.startsWith(CHECK + "_")
                || colon && (KNOWN.stream().anyMatch(word::equalsIgnoreCase) || capitals && !Nearest.hint(word, KNOWN).isEmpty());
    }
}
