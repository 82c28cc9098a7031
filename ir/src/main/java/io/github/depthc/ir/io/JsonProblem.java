// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.io;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is wrong with a JSON text, from the message of the library that reads it (Jackson): without its settings, and in the words of
 * the rest of this program. Here because every module that reads JSON can see it.
 */
public final class JsonProblem {
    /** A message of the library as a pattern, and what is said instead. */
    private record Rule(Pattern message, String words) {
        Rule(String message, String words) {
            this(Pattern.compile(message), words);
        }
    }

    private static final List<Rule> RULES = List.of(
            new Rule("Unexpected end-of-input.*", "it ends within a value; it is cut short"),
            new Rule("(.*?) ?\\((\\d+)\\) exceeds the maximum allowed \\((\\d+), from .*\\)", "$1 is $2, expected at most $3"),
            new Rule("(?:Unexpected|Illegal|Invalid)(?: unquoted)? character \\(\\(CTRL-CHAR, code (\\d+)\\)\\): .*",
                    "found the control character of code $1; in a string it is written with a backslash"),
            new Rule("Unexpected character \\(('.*') \\(code \\d+[^)]*\\)\\): maybe a \\(non-standard\\) comment\\?.*",
                    "found $1, where a comment is not allowed"),
            new Rule("Unexpected character \\(('.*') \\(code \\d+[^)]*\\)\\): expected a valid value .*",
                    "found $1, expected a value"),
            new Rule("Unexpected character \\(('.*') \\(code \\d+[^)]*\\)\\):? ?(?:was expecting|expected) (.*)",
                    "found $1, expected $2"),
            new Rule("Unexpected character \\(('.*') \\(code \\d+[^)]*\\)\\)(.*)", "found $1$2"),
            new Rule("Unrecognized token '(.*)': was expecting .*", "found $1, expected a value"),
            new Rule("Non-standard token '(.*)': enable .*", "found $1, which is no JSON"),
            new Rule("Unexpected close marker (.*): expected (.*) \\(for .*", "found $1, expected $2"),
            new Rule("Trailing token .*", "there is more behind the JSON value"));

    private static final Pattern INVISIBLE = Pattern.compile("\\p{Cf}");

    private JsonProblem() {
    }

    /** The first line of the library's message in plain words; one that is not known loses what is in backquotes or about its source. */
    public static String plain(String message) {
        String line = message == null ? "" : message.lines().findFirst().orElse("").strip();
        for (Rule rule : RULES) {
            Matcher matcher = rule.message.matcher(line);
            if (matcher.matches()) {
                return shown(matcher.replaceFirst(rule.words));
            }
        }
        String rest = line.replaceAll(" \\([^()]*(\\([^()]*\\))?[^()]*\\[Source:.*", "").replaceAll("`[^`]*`", "…").replaceAll(" \\(code \\d+\\)", "");
        return rest.isEmpty() ? "it is no JSON" : shown(rest);
    }

    /** Characters that cannot be seen by their numbers. */
    private static String shown(String words) {
        return INVISIBLE.matcher(words).replaceAll(c -> c.group().equals("\uFEFF") ? "U+FEFF, a byte order mark" : "U+%04X".formatted(c.group().codePointAt(0)));
    }
}
