// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.List;

/** Cuts text at the ends of its lines, or at whitespace, as Python does. */
final class LineSplit {
    private static final String ENDS = "\n\r\u000b\f\u001c\u001d\u001e\u0085\u2028\u2029";

    private LineSplit() {
    }

    /** Lines, with their ends where those are kept. */
    static List<String> lines(Work work, String text, boolean ends) {
        work.make(text.length());
        var lines = new ArrayList<String>();
        int begin = 0;
        for (int i = 0; i < text.length(); i++) {
            if (ENDS.indexOf(text.charAt(i)) >= 0) {
                int end = i;
                i += text.startsWith("\r\n", i) ? 1 : 0;
                work.list(1);
                lines.add(text.substring(begin, ends ? i + 1 : end));
                begin = i + 1;
            }
        }
        if (begin < text.length()) {
            lines.add(text.substring(begin));
        }
        return lines;
    }

    /** Words between whitespace; the rest in one after so many, unless that is negative. */
    static List<Object> words(Work work, String text, long most) {
        work.make(text.length());
        var words = new ArrayList<Object>();
        int i = 0;
        while (true) {
            while (i < text.length() && Strings.isSpace(text.charAt(i))) {
                i++;
            }
            if (i >= text.length()) {
                return words;
            }
            work.list(1);
            if (words.size() == most) {
                words.add(Strings.strip(text.substring(i), null, false, true));
                return words;
            }
            int begin = i;
            while (i < text.length() && !Strings.isSpace(text.charAt(i))) {
                i++;
            }
            words.add(text.substring(begin, i));
        }
    }

    /** The same from the end. */
    static List<Object> lastWords(Work work, String text, long most) {
        work.make(text.length());
        var words = new ArrayList<Object>();
        int i = text.length();
        while (true) {
            while (i > 0 && Strings.isSpace(text.charAt(i - 1))) {
                i--;
            }
            if (i == 0) {
                return words.reversed();
            }
            work.list(1);
            if (words.size() == most) {
                words.add(Strings.strip(text.substring(0, i), null, true, false));
                return words.reversed();
            }
            int end = i;
            while (i > 0 && !Strings.isSpace(text.charAt(i - 1))) {
                i--;
            }
            words.add(text.substring(i, end));
        }
    }
}
