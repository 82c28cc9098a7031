// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;

/** Dates as Python's {@code strftime} writes them, in English. */
final class Dates {
    private static final Map<String, String> FIELDS = Map.ofEntries(Map.entry("d", "dd"), Map.entry("B", "MMMM"), Map.entry("b", "MMM"), Map.entry("h", "MMM"), Map.entry("Y", "yyyy"),
            Map.entry("m", "MM"), Map.entry("A", "EEEE"), Map.entry("a", "EEE"), Map.entry("y", "yy"), Map.entry("H", "HH"), Map.entry("I", "hh"), Map.entry("M", "mm"),
            Map.entry("S", "ss"), Map.entry("p", "a"), Map.entry("j", "DDD"), Map.entry("f", "SSSSSS"), Map.entry("F", "yyyy-MM-dd"), Map.entry("T", "HH:mm:ss"), Map.entry("R", "HH:mm"),
            Map.entry("D", "MM/dd/yy"), Map.entry("e", "ppd"), Map.entry("-d", "d"), Map.entry("-m", "M"), Map.entry("-H", "H"), Map.entry("-I", "h"), Map.entry("-M", "m"),
            Map.entry("-S", "s"), Map.entry("-j", "D"));

    private Dates() {
    }

    static String text(LocalDateTime now, String format) {
        var text = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            if (format.charAt(i) != '%') {
                text.append(format.charAt(i));
                continue;
            }
            int begin = ++i;
            i += format.startsWith("-", begin) ? 1 : 0;
            String field = format.substring(begin, Math.min(i + 1, format.length()));
            if (field.equals("%")) {
                text.append('%');
            } else if (FIELDS.containsKey(field)) {
                text.append(now.format(DateTimeFormatter.ofPattern(FIELDS.get(field), Locale.ENGLISH)));
            } else {
                throw new TemplateException("strftime_now with %" + field + " is not there here");
            }
        }
        return text.toString();
    }
}
