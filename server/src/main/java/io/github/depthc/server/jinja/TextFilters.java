// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Filters of text; what is none becomes it. */
final class TextFilters {
    static final Map<String, Filter> ALL = Map.ofEntries(
            Map.entry("trim", Filter.of("chars?", TextFilters::trim)),
            changed("upper", Strings::upper),
            changed("lower", Strings::lower),
            changed("capitalize", Strings::capitalize),
            changed("title", Strings::titleOfWords),
            Map.entry("string", Filter.of("", (work, value, given) -> PythonText.of(work, value))),
            Map.entry("safe", Filter.of("", (work, value, given) -> PythonText.of(work, value))),
            Map.entry("replace", Filter.of("old new count?", TextFilters::replace)),
            Map.entry("indent", Filter.of("width? first? blank?", TextFilters::indent)),
            Map.entry("wordcount", Filter.of("", TextFilters::wordcount)));

    private TextFilters() {
    }

    private static Map.Entry<String, Filter> changed(String name, UnaryOperator<String> change) {
        return Map.entry(name, Filter.of("", (work, value, given) -> {
            String text = PythonText.of(work, value);
            work.make(Work.OBJECT + 2L * text.length());
            return change.apply(text);
        }));
    }

    private static Object trim(Work work, Object value, Given given) {
        String text = PythonText.of(work, value);
        Object chars = given.or("chars", null);
        return TextMethods.stripped(work, text, chars, true, true);
    }

    private static Object replace(Work work, Object value, Given given) {
        Object count = given.or("count", null);
        String text = PythonText.of(work, value);
        String by = PythonText.of(work, given.get("new"));
        return new Search(work, PythonText.of(work, given.get("old"))).replaced(text, by, count == null ? -1 : Values.whole(count));
    }

    private static Object indent(Work work, Object value, Given given) {
        Object width = given.or("width", 4L);
        String text = Values.string(value);
        int spaces = width instanceof String ? 0 : Math.max(0, Values.count(width));
        work.make(spaces);
        String indent = width instanceof String s ? s : " ".repeat(spaces);
        boolean blank = given.isTrue("blank");
        var out = new Output(work);
        List<String> lines = LineSplit.lines(work, text + "\n", false);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            out.add(i == 0 ? "" : "\n").add(i == 0 && given.isTrue("first") || i > 0 && (blank || !line.isEmpty()) ? indent : "").add(line);
        }
        return out.toString();
    }

    // Words are of letters, digits and underscores.
    private static Object wordcount(Work work, Object value, Given given) {
        String text = PythonText.of(work, value);
        work.touch(text.length());
        long n = 0;
        boolean inWord = false;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            boolean letter = Character.isLetterOrDigit(c) || c == '_';
            n += letter && !inWord ? 1 : 0;
            inWord = letter;
        }
        return n;
    }
}
