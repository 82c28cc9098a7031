// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Methods that cut strings into parts. */
final class SplitMethods {
    static final Map<String, Method<String>> ALL = Map.of(
            "split", Method.of("sep? maxsplit?", SplitMethods::split),
            "rsplit", Method.of("sep? maxsplit?", SplitMethods::rsplit),
            "splitlines", Method.of("keepends?", (work, text, given) -> new ArrayList<Object>(LineSplit.lines(work, text, given.isTrue("keepends")))),
            "partition", Method.of("sep", (work, text, given) -> {
                String separator = separator(given);
                int at = new Search(work, separator).in(text, 0);
                return at < 0 ? tuple(work, text, "", "") : parted(work, text, at, separator);
            }),
            "rpartition", Method.of("sep", (work, text, given) -> {
                String separator = separator(given);
                int at = new Search(work, separator).last(text);
                return at < 0 ? tuple(work, "", "", text) : parted(work, text, at, separator);
            }));

    private SplitMethods() {
    }

    private static String separator(Given given) {
        String separator = Values.string(given.get("sep"));
        if (separator.isEmpty()) {
            throw new TemplateException("a text is cut at an empty one");
        }
        return separator;
    }

    private static Sequence tuple(Work work, String a, String b, String c) {
        work.make((long) a.length() + b.length() + c.length());
        work.list(3);
        return Sequence.tuple(List.of(a, b, c));
    }

    private static Sequence parted(Work work, String text, int at, String separator) {
        return tuple(work, text.substring(0, at), separator, text.substring(at + separator.length()));
    }

    private static Object split(Work work, String text, Given given) {
        long most = Values.whole(given.or("maxsplit", -1L));
        if (given.or("sep", null) == null) {
            return LineSplit.words(work, text, most);
        }
        String separator = separator(given);
        var search = new Search(work, separator);
        var parts = new ArrayList<Object>();
        int begin = 0;
        work.make(text.length());
        for (int at = most == 0 ? -1 : search.in(text, 0); at >= 0; at = parts.size() == most ? -1 : search.in(text, begin)) {
            work.list(1);
            parts.add(text.substring(begin, at));
            begin = at + separator.length();
        }
        work.list(1);
        parts.add(text.substring(begin));
        return parts;
    }

    private static Object rsplit(Work work, String text, Given given) {
        long most = Values.whole(given.or("maxsplit", -1L));
        if (given.or("sep", null) == null) {
            return LineSplit.lastWords(work, text, most);
        }
        String separator = separator(given);
        // The same as from the left, seen in a mirror.
        work.make(2L * text.length());
        var search = new Search(work, mirrored(separator));
        String mirror = mirrored(text);
        var parts = new ArrayList<Object>();
        int begin = 0;
        for (int at = most == 0 ? -1 : search.in(mirror, 0); at >= 0; at = parts.size() == most ? -1 : search.in(mirror, begin)) {
            work.list(1);
            parts.add(text.substring(text.length() - at, text.length() - begin));
            begin = at + separator.length();
        }
        work.list(1);
        parts.add(text.substring(0, text.length() - begin));
        return parts.reversed();
    }

    // By units of UTF-16, which StringBuilder.reverse keeps in pairs.
    private static String mirrored(String text) {
        var mirror = new char[text.length()];
        for (int i = 0; i < mirror.length; i++) {
            mirror[i] = text.charAt(mirror.length - 1 - i);
        }
        return new String(mirror);
    }
}
