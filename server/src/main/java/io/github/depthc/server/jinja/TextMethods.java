// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;

/** Methods of strings. */
final class TextMethods {
    private static final Map<String, Method<String>> ALL = all();
    private static final Set<String> OTHERS = Set.of("casefold", "center", "encode", "expandtabs", "format", "format_map", "isascii", "isdecimal", "isidentifier", "isnumeric",
            "isprintable", "istitle", "ljust", "maketrans", "rjust", "swapcase", "translate", "zfill");

    private TextMethods() {
    }

    static Function of(Work work, String text, String name) {
        return Method.of(work, ALL, OTHERS, text, name);
    }

    private static Map<String, Method<String>> all() {
        var all = new HashMap<>(SplitMethods.ALL);
        changed(all, "upper", Strings::upper);
        changed(all, "lower", Strings::lower);
        changed(all, "title", Strings::title);
        changed(all, "capitalize", Strings::capitalize);
        all.put("strip", Method.of("chars?", (work, text, given) -> stripped(work, text, given.or("chars", null), true, true)));
        all.put("lstrip", Method.of("chars?", (work, text, given) -> stripped(work, text, given.or("chars", null), true, false)));
        all.put("rstrip", Method.of("chars?", (work, text, given) -> stripped(work, text, given.or("chars", null), false, true)));
        all.put("startswith", Method.of("prefix", (work, text, given) -> ends(work, text, given.get("prefix"), true)));
        all.put("endswith", Method.of("suffix", (work, text, given) -> ends(work, text, given.get("suffix"), false)));
        all.put("removeprefix", Method.of("prefix", (work, text, given) -> removed(work, text, Values.string(given.get("prefix")), true)));
        all.put("removesuffix", Method.of("suffix", (work, text, given) -> removed(work, text, Values.string(given.get("suffix")), false)));
        all.put("find", Method.of("sub", (work, text, given) -> place(work, text, search(work, given).in(text, 0))));
        all.put("rfind", Method.of("sub", (work, text, given) -> place(work, text, search(work, given).last(text))));
        all.put("index", Method.of("sub", (work, text, given) -> found(place(work, text, search(work, given).in(text, 0)))));
        all.put("rindex", Method.of("sub", (work, text, given) -> found(place(work, text, search(work, given).last(text)))));
        all.put("count", Method.of("sub", (work, text, given) -> (long) search(work, given).count(text, 0, text.length())));
        all.put("replace", Method.of("old new count?", (work, text, given) -> new Search(work, Values.string(given.get("old")))
                .replaced(text, Values.string(given.get("new")), Values.whole(given.or("count", -1L)))));
        all.put("join", Method.of("iterable", TextMethods::join));
        all.put("isupper", Method.of("", (work, text, given) -> isCase(work, text, true)));
        all.put("islower", Method.of("", (work, text, given) -> isCase(work, text, false)));
        asked(all, "isdigit", TextMethods::isDigit);
        asked(all, "isalpha", Character::isLetter);
        asked(all, "isalnum", c -> Character.isLetter(c) || isDigit(c) || Character.getType(c) == Character.OTHER_NUMBER || Character.getType(c) == Character.LETTER_NUMBER);
        asked(all, "isspace", Strings::isSpace);
        return Map.copyOf(all);
    }

    private static void changed(Map<String, Method<String>> all, String name, UnaryOperator<String> change) {
        all.put(name, Method.of("", (work, text, given) -> {
            work.make(Work.OBJECT + 2L * text.length());
            return change.apply(text);
        }));
    }

    private static void asked(Map<String, Method<String>> all, String name, IntPredicate each) {
        all.put(name, Method.of("", (work, text, given) -> {
            work.touch(text.length());
            return !text.isEmpty() && text.codePoints().allMatch(each);
        }));
    }

    // Superscripts and their like too.
    private static boolean isDigit(int c) {
        int value = Character.getNumericValue(c);
        return Character.isDigit(c) || Character.getType(c) == Character.OTHER_NUMBER && value >= 0 && value <= 9;
    }

    /** Without these characters at its ends, or without whitespace where they are null. */
    static String stripped(Work work, String text, Object characters, boolean left, boolean right) {
        String chars = characters == null ? null : Values.string(characters);
        work.touch((long) Work.STEP * (chars == null ? 0 : chars.length()) + text.length());
        String stripped = Strings.strip(text, chars, left, right);
        work.make(stripped.length() == text.length() ? 0 : Work.OBJECT + stripped.length());
        return stripped;
    }

    private static boolean ends(Work work, String text, Object with, boolean first) {
        if (with instanceof Sequence several && several.kind() == Sequence.Kind.TUPLE) {
            return several.items().stream().anyMatch(one -> ends(work, text, Values.string(one), first));
        }
        String part = Values.string(with);
        work.touch(part.length());
        return first ? text.startsWith(part) : text.endsWith(part);
    }

    private static String removed(Work work, String text, String part, boolean first) {
        work.make(Work.OBJECT + text.length());
        if (!ends(work, text, part, first)) {
            return text;
        }
        return first ? text.substring(part.length()) : text.substring(0, text.length() - part.length());
    }

    private static Search search(Work work, Given given) {
        return new Search(work, Values.string(given.get("sub")));
    }

    private static Long place(Work work, String text, int at) {
        work.touch(Math.max(0, at));
        return at < 0 ? -1L : text.codePointCount(0, at);
    }

    private static Long found(Long place) {
        if (place < 0) {
            throw new TemplateException("the method index does not find the text");
        }
        return place;
    }

    private static Object join(Work work, String text, Given given) {
        var out = new Output(work);
        List<?> items = Values.items(work, given.get("iterable"));
        for (int i = 0; i < items.size(); i++) {
            out.add(i == 0 ? "" : text).add(Values.string(items.get(i)));
        }
        return out.toString();
    }

    /** Whether all letters that are large or small are large, or small, and there is one. */
    static boolean isCase(Work work, String text, boolean upper) {
        work.touch(text.length());
        return text.codePoints().anyMatch(upper ? Character::isUpperCase : Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isTitleCase(c) || (upper ? Character.isLowerCase(c) : Character.isUpperCase(c)));
    }
}
