// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Values as JSON, as Python's {@code json.dumps} writes them. */
final class PythonJson {
    private static final int LONGEST_INDENT = 64;

    private final Output out;
    private final Style style;
    private final Comparison comparison;

    /**
     * How it is written.
     *
     * @param ascii  whether other characters are escaped
     * @param indent what each level begins its lines with; null for one line
     * @param item   between items
     * @param key    between a key and its value
     * @param sorted whether keys are in their order
     */
    private record Style(boolean ascii, String indent, String item, String key, boolean sorted) {
    }

    private PythonJson(Work work, Style style) {
        out = new Output(work);
        comparison = new Comparison(work);
        this.style = style;
    }

    /** The filter {@code tojson} as transformers has it, with its arguments. */
    static String of(Work work, Object value, Given given) {
        String indent = indent(given.or("indent", null));
        String item = indent == null ? ", " : ",";
        String key = ": ";
        Object separators = given.or("separators", null);
        if (separators != null) {
            List<?> two = Values.items(work, separators);
            if (two.size() != 2) {
                throw new TemplateException("tojson has " + two.size() + " separators, expected two");
            }
            item = Values.string(two.get(0));
            key = Values.string(two.get(1));
        }
        var json = new PythonJson(work, new Style(Values.isTrue(given.or("ensure_ascii", false)), indent, item, key, Values.isTrue(given.or("sort_keys", false))));
        json.write(value, 0);
        return json.out.toString();
    }

    private static String indent(Object value) {
        if (value == null || value instanceof String) {
            return (String) value;
        }
        long spaces = Values.whole(value);
        if (spaces > LONGEST_INDENT) {
            throw new TemplateException("tojson with an indent of " + spaces + ", expected at most " + LONGEST_INDENT);
        }
        return " ".repeat((int) Math.max(0, spaces));
    }

    private void write(Object value, int level) {
        switch (value) {
            case null -> out.add("null");
            case Boolean b -> out.add(b ? "true" : "false");
            case Long n -> out.add(n.toString());
            case Double d -> out.add(Double.isNaN(d) ? "NaN" : Double.isInfinite(d) ? d > 0 ? "Infinity" : "-Infinity" : Floats.text(d));
            case String s -> quoted(s);
            case List<?> l -> list(l, level);
            case Sequence s when s.kind() == Sequence.Kind.TUPLE -> list(s.items(), level);
            case Map<?, ?> m -> map(m, level);
            default -> throw new TemplateException("tojson of " + Values.kind(value));
        }
    }

    private void list(List<?> items, int level) {
        int inner = Work.nested(level);
        String separator = "[";
        for (Object item : items) {
            begin(separator, inner);
            write(item, inner);
            separator = style.item;
        }
        end(items.isEmpty(), "[]", "]", level);
    }

    private void map(Map<?, ?> map, int level) {
        int inner = Work.nested(level);
        String separator = "{";
        for (Map.Entry<?, ?> e : entries(map)) {
            begin(separator, inner);
            quoted(name(e.getKey()));
            out.add(style.key);
            write(e.getValue(), inner);
            separator = style.item;
        }
        end(map.isEmpty(), "{}", "}", level);
    }

    private List<Map.Entry<?, ?>> entries(Map<?, ?> map) {
        var entries = new ArrayList<Map.Entry<?, ?>>(map.entrySet());
        if (style.sorted) {
            entries.sort(Comparator.comparing(e -> (Object) e.getKey(), comparison::order));
        }
        return entries;
    }

    private static String name(Object key) {
        return key == null ? "null" : key.toString();
    }

    private void begin(String separator, int level) {
        out.add(separator);
        line(level);
    }

    private void end(boolean empty, String whole, String mark, int level) {
        if (empty) {
            out.add(whole);
        } else {
            line(level);
            out.add(mark);
        }
    }

    private void line(int level) {
        if (style.indent != null) {
            out.add('\n');
            for (int i = 0; i < level; i++) {
                out.add(style.indent);
            }
        }
    }

    private void quoted(String text) {
        out.add('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.add("\\\"");
                case '\\' -> out.add("\\\\");
                case '\n' -> out.add("\\n");
                case '\r' -> out.add("\\r");
                case '\t' -> out.add("\\t");
                case '\f' -> out.add("\\f");
                case '\b' -> out.add("\\b");
                default -> {
                    if (c < ' ' || style.ascii && c > '~') {
                        out.add(String.format("\\u%04x", (int) c));
                    } else {
                        out.add(c);
                    }
                }
            }
        }
        out.add('"');
    }
}
