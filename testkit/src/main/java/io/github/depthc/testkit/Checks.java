// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Expectations about a text, one a line of a test file:
 * <ul>
 *   <li>{@code // CHECK: x}: a line after the last match contains x;</li>
 *   <li>{@code // CHECK-NEXT: x}: the line after the last match contains x;</li>
 *   <li>{@code // CHECK-NOT: x}: no line between the matches around it contains x;</li>
 *   <li>{@code // CHECK-LABEL: x}: like CHECK, and what was captured is forgotten.</li>
 * </ul>
 * In x, {@code {{regex}}} matches a regular expression, {@code [[NAME:regex]]} captures, {@code [[NAME]]} matches what was
 * captured; all else is literal, white space runs being equal.
 */
final class Checks {
    private static final Pattern PART = Pattern.compile("\\{\\{(.+?)}}|\\[\\[([A-Za-z_]\\w*):(.+?)]]|\\[\\[([A-Za-z_]\\w*)]]|\\s+");

    /** What begins a part and does not end; brackets by themselves are literal. */
    private static final Pattern OPEN = Pattern.compile("\\{\\{|\\[\\[[A-Za-z_]\\w*(?!.*]])");

    private final String file;
    private final List<Directives.Directive> checks;
    private List<String> output = List.of();
    private Map<String, String> captured = new LinkedHashMap<>();

    Checks(String file, List<Directives.Directive> directives) {
        this.file = file;
        this.checks = directives.stream().filter(d -> d.word().startsWith(Directives.CHECK)).toList();
        checks.forEach(this::requireWellFormed);
    }

    /** What is never looked for, such as what must not be behind the last match, is right too. */
    private void requireWellFormed(Directives.Directive c) {
        Matcher m = PART.matcher(c.text());
        while (m.find()) {
            for (int group : new int[] {1, 3}) {
                try {
                    if (m.group(group) != null) {
                        Pattern.compile(m.group(group));
                    }
                } catch (PatternSyntaxException e) {
                    throw noPattern(c, e);
                }
            }
        }
        Matcher open = OPEN.matcher(m.replaceAll(" "));
        if (open.find()) {
            throw failure(c, "found '" + open.group() + "' without its end, expected " + (open.group().startsWith("{") ? "{{regex}}" : "[[NAME:regex]] or [[NAME]]"));
        }
    }

    private AssertionError noPattern(Directives.Directive c, PatternSyntaxException e) {
        return failure(c, "no regular expression: " + e.getDescription());
    }

    boolean isEmpty() {
        return checks.isEmpty();
    }

    /** Fails at the first expectation that does not hold. */
    void match(String text) {
        output = text.lines().toList();
        captured = new LinkedHashMap<>();
        var nots = new ArrayList<Directives.Directive>();
        Directives.Directive before = null;
        int next = 0;
        for (Directives.Directive c : checks) {
            if (c.word().endsWith("-NOT")) {
                nots.add(c);
                continue;
            }
            if (c.word().endsWith("-LABEL")) {
                captured.clear();
            }
            int found = find(c, next, c.word().endsWith("-NEXT") ? Math.min(next + 1, output.size()) : output.size());
            if (found < 0) {
                throw notFound(c, next, before);
            }
            noneOf(nots, next, found);
            before = c;
            next = found + 1;
        }
        noneOf(nots, next, output.size());
    }

    private int find(Directives.Directive c, int from, int to) {
        for (int i = from; i < to; i++) {
            if (matches(c, output.get(i), captured)) {
                return i;
            }
        }
        return -1;
    }

    private void noneOf(List<Directives.Directive> nots, int from, int to) {
        for (Directives.Directive c : nots) {
            for (int i = from; i < to; i++) {
                if (matches(c, output.get(i), new HashMap<>(captured))) {
                    throw failure(c, "found at line " + (i + 1) + " of the output: " + output.get(i).strip() + "\n  searched were "
                            + lines(from, to));
                }
            }
        }
        nots.clear();
    }

    private AssertionError notFound(Directives.Directive c, int from, Directives.Directive before) {
        boolean next = c.word().endsWith("-NEXT");
        String began = before == null ? "its beginning" : "line " + (from + 1) + ", behind the match of line " + before.line() + " of the test";
        var why = new StringBuilder("not found in the output from ").append(began);
        if (from >= output.size()) {
            why.append(", where it has ended");
        } else if (next) {
            why.append(", which is: ").append(output.get(from).strip());
        } else {
            why.append(": ").append(output.get(from).strip());
        }
        int elsewhere = next ? find(c, from, output.size()) : find(c, 0, from);
        if (elsewhere >= 0) {
            why.append("\n  it is found ").append(elsewhere < from ? "before that" : "later").append(", at line ").append(elsewhere + 1).append(": ")
                    .append(output.get(elsewhere).strip());
        } else {
            int nearest = Similarity.nearest(literal(c), output, from);
            if (nearest >= 0) {
                why.append("\n  nearest is line ").append(nearest + 1).append(": ").append(output.get(nearest).strip());
            }
        }
        return failure(c, why.toString());
    }

    /** What is looked for as plain text, as far as it is known. */
    private String literal(Directives.Directive c) {
        return PART.matcher(c.text()).replaceAll(m -> Matcher.quoteReplacement(m.group(4) != null ? captured.getOrDefault(m.group(4), "") : " "));
    }

    private boolean matches(Directives.Directive c, String line, Map<String, String> captures) {
        var regex = new StringBuilder();
        var names = new ArrayList<String>();
        Matcher m = PART.matcher(c.text());
        int end = 0;
        while (m.find()) {
            regex.append(Pattern.quote(c.text().substring(end, m.start())));
            if (m.group(1) != null) {
                regex.append("(?:").append(m.group(1)).append(')');
            } else if (m.group(2) != null) {
                names.add(m.group(2));
                regex.append("(?<cap").append(names.size()).append('>').append(m.group(3)).append(')');
            } else if (m.group(4) != null) {
                if (!captures.containsKey(m.group(4))) {
                    throw failure(c, "[[" + m.group(4) + "]] was not captured before; captured are " + captures.keySet());
                }
                regex.append(Pattern.quote(captures.get(m.group(4))));
            } else {
                regex.append("\\s+");
            }
            end = m.end();
        }
        regex.append(Pattern.quote(c.text().substring(end)));
        Matcher found;
        try {
            found = Pattern.compile(regex.toString()).matcher(line);
        } catch (PatternSyntaxException e) {
            throw noPattern(c, e);
        }
        if (!found.find()) {
            return false;
        }
        for (int i = 0; i < names.size(); i++) {
            captures.put(names.get(i), found.group("cap" + (i + 1)));
        }
        return true;
    }

    private static String lines(int from, int to) {
        return "lines " + (from + 1) + " to " + to;
    }

    private AssertionError failure(Directives.Directive c, String why) {
        var used = new StringBuilder();
        captured.forEach((name, value) -> {
            if (c.text().contains("[[" + name + "]]")) {
                used.append("\n  with ").append(name).append(" = ").append(value);
            }
        });
        return new AssertionError(file + ":" + c.line() + ": " + c.word() + ": " + c.text() + used + "\n  " + why + (output.isEmpty() ? "" : "\n" + Numbered.lines(output)));
    }
}
