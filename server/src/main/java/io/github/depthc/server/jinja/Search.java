// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

/** Looks for a part of a text in time that grows with the text alone. */
final class Search {
    /** Up to here the time of Java's own search is not more than this many times the text's length. */
    private static final int SHORT = 16;

    private final Work work;
    private final String part;
    /** How long the longest end of each beginning is that the part begins with (Knuth, Morris and Pratt); null for short parts. */
    private final int[] back;

    Search(Work work, String part) {
        this.work = work;
        this.part = part;
        back = part.length() > SHORT ? table() : null;
    }

    private int[] table() {
        work.make(2L * part.length());
        var table = new int[part.length()];
        int k = 0;
        for (int i = 1; i < table.length; i++) {
            while (k > 0 && part.charAt(i) != part.charAt(k)) {
                k = table[k - 1];
            }
            k += part.charAt(i) == part.charAt(k) ? 1 : 0;
            table[i] = k;
        }
        return table;
    }

    /** Where it is at or behind a place; negative when it is not there. */
    int in(String text, int from) {
        int found = back == null ? text.indexOf(part, from) : find(text, from);
        work.touch((found < 0 ? Math.max(0, text.length() - from) : found - from + part.length()) + 1L);
        return found;
    }

    private int find(String text, int from) {
        int k = 0;
        for (int i = from; i < text.length(); i++) {
            while (k > 0 && text.charAt(i) != part.charAt(k)) {
                k = back[k - 1];
            }
            k += text.charAt(i) == part.charAt(k) ? 1 : 0;
            if (k == part.length()) {
                return i - k + 1;
            }
        }
        return -1;
    }

    /** Where it is last; negative when it is not there. */
    int last(String text) {
        int last = -1;
        for (int at = in(text, 0); at >= 0; at = at < text.length() ? in(text, at + 1) : -1) {
            last = at;
        }
        return last;
    }

    /** How often it is there, one behind the other. */
    int count(String text, int from, int to) {
        if (part.isEmpty()) {
            return text.codePointCount(from, to) + 1;
        }
        int n = 0;
        for (int at = in(text, from); at >= 0 && at + part.length() <= to; at = in(text, at + part.length())) {
            n++;
        }
        return n;
    }

    /** The text with it replaced, so often at most; always where that is negative. */
    String replaced(String text, String by, long most) {
        if (part.isEmpty()) {
            return between(text, by, most);
        }
        var out = new Output(work);
        int begin = 0;
        long n = 0;
        for (int at = most == 0 ? -1 : in(text, 0); at >= 0; at = ++n == most ? -1 : in(text, begin)) {
            out.add(text.substring(begin, at)).add(by);
            begin = at + part.length();
        }
        return out.add(text.substring(begin)).toString();
    }

    private String between(String text, String by, long most) {
        var out = new Output(work);
        long n = 0;
        int[] all = text.codePoints().toArray();
        for (int c : all) {
            if (n++ < most || most < 0) {
                out.add(by);
            }
            out.add(Character.toString(c));
        }
        return n < most || most < 0 ? out.add(by).toString() : out.toString();
    }
}
