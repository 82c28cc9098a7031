// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.List;
import java.util.Map;

/** Values as text, as Python shows them. */
final class PythonText {
    private final Output out;

    private PythonText(Work work) {
        out = new Output(work);
    }

    /** As {@code str} does it: a string is itself. */
    static String of(Work work, Object value) {
        return switch (value) {
            case String s -> s;
            case Undefined u -> "";
            case null, default -> shown(work, value);
        };
    }

    /** As {@code repr} does it: a string has quotes. */
    static String shown(Work work, Object value) {
        var text = new PythonText(work);
        text.show(value, 0);
        return text.out.toString();
    }

    private void show(Object value, int level) {
        switch (value) {
            case null -> out.add("None");
            case Undefined u -> out.add("Undefined");
            case Boolean b -> out.add(b ? "True" : "False");
            case Long n -> out.add(n.toString());
            case Double d -> out.add(Floats.text(d));
            case String s -> quoted(s);
            case List<?> l -> all("[", l, "]", level);
            case Sequence s when s.kind() == Sequence.Kind.TUPLE -> all("(", s.items(), s.items().size() == 1 ? ",)" : ")", level);
            case Sequence s when s.kind() == Sequence.Kind.RANGE -> out.add(s.name());
            case Sequence s when s.kind() == Sequence.Kind.VIEW -> all(s.name() + "([", s.items(), "])", level);
            case Map<?, ?> m -> map(m, level);
            default -> throw new TemplateException("the text of " + Values.kind(value) + " is not there here" + (value instanceof Sequence ? "; put | list behind it" : ""));
        }
    }

    private void all(String begin, List<?> items, String end, int level) {
        int inner = Work.nested(level);
        out.add(begin);
        String separator = "";
        for (Object item : items) {
            out.add(separator);
            show(item, inner);
            separator = ", ";
        }
        out.add(end);
    }

    private void map(Map<?, ?> map, int level) {
        int inner = Work.nested(level);
        out.add('{');
        String separator = "";
        for (Map.Entry<?, ?> e : map.entrySet()) {
            out.add(separator);
            show(e.getKey(), inner);
            out.add(": ");
            show(e.getValue(), inner);
            separator = ", ";
        }
        out.add('}');
    }

    private void quoted(String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.add(quote);
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            character(text.codePointAt(i), quote);
        }
        out.add(quote);
    }

    private void character(int c, char quote) {
        switch (c) {
            case '\n' -> out.add("\\n");
            case '\r' -> out.add("\\r");
            case '\t' -> out.add("\\t");
            case '\\' -> out.add("\\\\");
            default -> {
                if (c == quote) {
                    out.add('\\').add(quote);
                } else if (isPrintable(c)) {
                    out.add(Character.toString(c));
                } else {
                    out.add(String.format(c <= 0xff ? "\\x%02x" : c <= 0xffff ? "\\u%04x" : "\\U%08x", c));
                }
            }
        }
    }

    private static boolean isPrintable(int c) {
        return c == ' ' || switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR,
                    Character.SPACE_SEPARATOR -> false;
            default -> true;
        };
    }
}
