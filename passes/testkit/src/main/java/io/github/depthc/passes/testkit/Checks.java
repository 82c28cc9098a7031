// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.testkit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Expectations about a text, one a line of a test file:
 * <ul>
 *   <li>{@code // CHECK: x}: a line at or after the last match contains x;</li>
 *   <li>{@code // CHECK-NEXT: x}: the line after the last match contains x;</li>
 *   <li>{@code // CHECK-NOT: x}: no line between the matches around it contains x;</li>
 *   <li>{@code // CHECK-LABEL: x}: like CHECK, and what was captured is forgotten.</li>
 * </ul>
 * In x, {@code {{regex}}} matches a regular expression, {@code [[NAME:regex]]} captures, {@code [[NAME]]} matches what was
 * captured; all else is literal, white space runs being equal.
 */
final class Checks {
    private static final Pattern DIRECTIVE = Pattern.compile("^\\s*//\\s*CHECK(-NEXT|-NOT|-LABEL)?:\\s*(.*?)\\s*$");
    private static final Pattern PART = Pattern.compile("\\{\\{(.+?)}}|\\[\\[([A-Za-z_]\\w*):(.+?)]]|\\[\\[([A-Za-z_]\\w*)]]|\\s+");

    private record Check(String form, String text, int line) {
    }

    private final List<Check> checks = new ArrayList<>();

    Checks(List<String> lines) {
        for (int i = 0; i < lines.size(); i++) {
            Matcher m = DIRECTIVE.matcher(lines.get(i));
            if (m.matches()) {
                checks.add(new Check(m.group(1) == null ? "" : m.group(1), m.group(2), i + 1));
            }
        }
    }

    boolean isEmpty() {
        return checks.isEmpty();
    }

    /** Fails with the directive, its line, and the text when an expectation does not hold. */
    void match(String file, String output) {
        List<String> lines = output.lines().toList();
        Map<String, String> captured = new HashMap<>();
        List<Check> nots = new ArrayList<>();
        int next = 0;
        for (Check c : checks) {
            if (c.form.equals("-NOT")) {
                nots.add(c);
                continue;
            }
            if (c.form.equals("-LABEL")) {
                captured.clear();
            }
            int last = c.form.equals("-NEXT") ? Math.min(next + 1, lines.size()) : lines.size();
            int found = -1;
            for (int i = next; i < last && found < 0; i++) {
                if (matches(c, lines.get(i), captured)) {
                    found = i;
                }
            }
            if (found < 0) {
                throw failure(file, c, "not found" + (next < lines.size() ? " at or after: " + lines.get(next) : " before the end"), output);
            }
            none(file, nots, lines, next, found, captured, output);
            next = found + 1;
        }
        none(file, nots, lines, next, lines.size(), captured, output);
    }

    private static void none(String file, List<Check> nots, List<String> lines, int from, int to, Map<String, String> captured, String output) {
        for (Check c : nots) {
            for (int i = from; i < to; i++) {
                if (matches(c, lines.get(i), new HashMap<>(captured))) {
                    throw failure(file, c, "found: " + lines.get(i), output);
                }
            }
        }
        nots.clear();
    }

    private static boolean matches(Check c, String line, Map<String, String> captured) {
        var regex = new StringBuilder();
        var names = new ArrayList<String>();
        Matcher m = PART.matcher(c.text);
        int end = 0;
        while (m.find()) {
            regex.append(Pattern.quote(c.text.substring(end, m.start())));
            if (m.group(1) != null) {
                regex.append("(?:").append(m.group(1)).append(')');
            } else if (m.group(2) != null) {
                names.add(m.group(2));
                regex.append("(?<").append("cap").append(names.size()).append('>').append(m.group(3)).append(')');
            } else if (m.group(4) != null) {
                regex.append(Pattern.quote(captured.getOrDefault(m.group(4), "<" + m.group(4) + " is not captured>")));
            } else {
                regex.append("\\s+");
            }
            end = m.end();
        }
        regex.append(Pattern.quote(c.text.substring(end)));
        Matcher found = Pattern.compile(regex.toString()).matcher(line);
        if (!found.find()) {
            return false;
        }
        for (int i = 0; i < names.size(); i++) {
            captured.put(names.get(i), found.group("cap" + (i + 1)));
        }
        return true;
    }

    private static AssertionError failure(String file, Check c, String why, String output) {
        return new AssertionError(file + ":" + c.line + ": CHECK" + c.form + ": " + c.text + "\n" + why + "\n--- output ---\n" + output);
    }
}
