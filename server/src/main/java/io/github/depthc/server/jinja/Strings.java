// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** What Python does with text. */
final class Strings {
    /** A space to Python, and to Java a control character. */
    private static final char NEXT_LINE = '\u0085';

    private Strings() {
    }

    static boolean isSpace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == NEXT_LINE;
    }

    /** Without these characters, or without whitespace where they are null, at its ends. */
    static String strip(String text, String characters, boolean left, boolean right) {
        Set<Integer> stripped = characters == null ? null : characters.codePoints().boxed().collect(Collectors.toCollection(HashSet::new));
        int begin = 0;
        int end = text.length();
        while (left && begin < end && isStripped(text.codePointAt(begin), stripped)) {
            begin += Character.charCount(text.codePointAt(begin));
        }
        while (right && end > begin && isStripped(text.codePointBefore(end), stripped)) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(begin, end);
    }

    private static boolean isStripped(int c, Set<Integer> stripped) {
        return stripped == null ? isSpace(c) : stripped.contains(c);
    }

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    /** Its first letter is large, the others are small. */
    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int rest = Character.charCount(text.codePointAt(0));
        return large(text.codePointAt(0)) + lower(text.substring(rest));
    }

    /** The first letter of each word is large, as {@code str.title} has it: whatever is no letter ends a word. */
    static String title(String text) {
        var title = new StringBuilder(text.length());
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            boolean letter = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
            title.append(!letter ? Character.toString(c) : inWord ? lower(Character.toString(c)) : large(c));
            inWord = letter;
        }
        return title.toString();
    }

    /** The same as Jinja's filter has it: spaces, hyphens and opening brackets end a word. */
    static String titleOfWords(String text) {
        var title = new StringBuilder(text.length());
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            title.append(inWord ? lower(Character.toString(c)) : upper(Character.toString(c)));
            inWord = !isSpace(c) && "-({[<".indexOf(c) < 0;
        }
        return title.toString();
    }

    private static String large(int c) {
        String upper = upper(Character.toString(c));
        return upper.codePointCount(0, upper.length()) == 1 ? Character.toString(Character.toTitleCase(c)) : upper.charAt(0) + lower(upper.substring(1));
    }

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** By code points, which is not the order of UTF-16. */
    static int compare(String a, String b) {
        int n = Math.min(a.length(), b.length());
        for (int i = 0; i < n; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                return Character.isSurrogate(x) == Character.isSurrogate(y) ? x - y : Character.isSurrogate(x) ? 1 : -1;
            }
        }
        return a.length() - b.length();
    }
}
