// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Filters, tests and methods of values by their names. */
final class Filters {
    /** A space to Python, and to Java a control character. */
    private static final char NEXT_LINE = '\u0085';

    private Filters() {
    }

    static Object filter(String name, Object value, List<Object> arguments, Map<String, Object> named) {
        return switch (name) {
            case "trim" -> stripped(Values.text(value), null, true, true);
            case "upper" -> Values.text(value).toUpperCase(Locale.ROOT);
            case "lower" -> Values.text(value).toLowerCase(Locale.ROOT);
            case "capitalize" -> capitalized(Values.text(value));
            case "string" -> Values.text(value);
            case "safe" -> value;
            case "length", "count" -> (long) Values.length(value);
            case "list" -> List.copyOf(Values.items(value));
            case "first" -> Values.items(value).isEmpty() ? Undefined.VALUE : Values.items(value).getFirst();
            case "last" -> Values.items(value).isEmpty() ? Undefined.VALUE : Values.items(value).getLast();
            case "reverse" -> Values.items(value).reversed();
            case "items" -> method(value, "items", List.of());
            case "int" -> value instanceof Number n ? (Object) n.longValue() : Long.valueOf(Values.string(value).strip());
            case "join" -> Values.items(value).stream().map(Values::text).collect(Collectors.joining(arguments.isEmpty() ? "" : Values.text(arguments.getFirst())));
            case "replace" -> Values.text(value).replace(argument(arguments, 0), argument(arguments, 1));
            case "default", "d" -> value == Undefined.VALUE || arguments.size() > 1 && Values.isTrue(arguments.get(1)) && !Values.isTrue(value)
                    ? (arguments.isEmpty() ? "" : arguments.getFirst()) : value;
            case "tojson" -> Values.json(value, (int) Values.whole(named.getOrDefault("indent", arguments.isEmpty() ? 0L : arguments.getFirst())));
            case "selectattr", "rejectattr" -> selected(value, arguments, name.startsWith("select"));
            case "map" -> mapped(value, arguments, named);
            default -> throw new TemplateException("the filter " + name + " is not known");
        };
    }

    private static Object selected(Object value, List<Object> arguments, boolean wanted) {
        String attribute = argument(arguments, 0);
        return Values.items(value).stream().filter(item -> {
            Object of = item instanceof Map<?, ?> m && m.containsKey(attribute) ? m.get(attribute) : Undefined.VALUE;
            boolean holds = arguments.size() < 2 ? Values.isTrue(of) : test(argument(arguments, 1), of, arguments.subList(2, arguments.size()));
            return holds == wanted;
        }).toList();
    }

    private static Object mapped(Object value, List<Object> arguments, Map<String, Object> named) {
        var results = new ArrayList<Object>();
        for (Object item : Values.items(value)) {
            if (named.get("attribute") instanceof String attribute) {
                results.add(item instanceof Map<?, ?> m && m.containsKey(attribute) ? m.get(attribute) : Undefined.VALUE);
            } else {
                results.add(filter(argument(arguments, 0), item, arguments.subList(1, arguments.size()), named));
            }
        }
        return results;
    }

    static boolean test(String name, Object value, List<Object> arguments) {
        return switch (name) {
            case "defined" -> value != Undefined.VALUE;
            case "undefined" -> value == Undefined.VALUE;
            case "none" -> value == null;
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map<?, ?>;
            case "number" -> value instanceof Number;
            case "integer" -> value instanceof Long;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "sequence", "iterable" -> value instanceof List<?> || value instanceof String || value instanceof Map<?, ?>;
            case "odd" -> Values.whole(value) % 2 != 0;
            case "even" -> Values.whole(value) % 2 == 0;
            case "equalto", "eq" -> Values.equal(value, arguments.getFirst());
            case "ne" -> !Values.equal(value, arguments.getFirst());
            case "in" -> Values.contains(arguments.getFirst(), value);
            default -> throw new TemplateException("the test " + name + " is not known");
        };
    }

    static Object method(Object value, String name, List<Object> arguments) {
        if (value instanceof Map<?, ?> map) {
            return switch (name) {
                case "items" -> map.entrySet().stream().map(e -> pair(e.getKey(), e.getValue())).toList();
                case "keys" -> List.copyOf(map.keySet());
                case "values" -> new ArrayList<>(map.values());
                case "get" -> map.containsKey(arguments.getFirst()) ? map.get(arguments.getFirst()) : arguments.size() > 1 ? arguments.get(1) : null;
                default -> throw noMethod(value, name);
            };
        }
        if (value instanceof String text) {
            String given = arguments.isEmpty() ? null : argument(arguments, 0);
            return switch (name) {
                case "strip" -> stripped(text, given, true, true);
                case "lstrip" -> stripped(text, given, true, false);
                case "rstrip" -> stripped(text, given, false, true);
                case "upper" -> text.toUpperCase(Locale.ROOT);
                case "lower" -> text.toLowerCase(Locale.ROOT);
                case "title", "capitalize" -> capitalized(text);
                case "startswith" -> text.startsWith(argument(arguments, 0));
                case "endswith" -> text.endsWith(argument(arguments, 0));
                case "find" -> (long) text.indexOf(argument(arguments, 0));
                case "replace" -> text.replace(argument(arguments, 0), argument(arguments, 1));
                case "split" -> given == null ? List.of(text.strip().split("\\s+")) : List.of(text.split(Pattern.quote(given), -1));
                default -> throw noMethod(value, name);
            };
        }
        throw noMethod(value, name);
    }

    private static TemplateException noMethod(Object value, String name) {
        return new TemplateException(Values.kind(value) + " has no " + name + " here");
    }

    private static List<Object> pair(Object a, Object b) {
        var pair = new ArrayList<Object>();
        pair.add(a);
        pair.add(b);
        return pair;
    }

    private static String stripped(String text, String characters, boolean left, boolean right) {
        int begin = 0;
        int end = text.length();
        while (left && begin < end && isStripped(text.charAt(begin), characters)) {
            begin++;
        }
        while (right && end > begin && isStripped(text.charAt(end - 1), characters)) {
            end--;
        }
        return text.substring(begin, end);
    }

    private static boolean isStripped(char c, String characters) {
        return characters == null ? Character.isWhitespace(c) || Character.isSpaceChar(c) || c == NEXT_LINE : characters.indexOf(c) >= 0;
    }

    private static String capitalized(String text) {
        return text.isEmpty() ? text : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1).toLowerCase(Locale.ROOT);
    }

    private static String argument(List<Object> arguments, int i) {
        if (i >= arguments.size()) {
            throw new TemplateException("an argument is missing");
        }
        return Values.string(arguments.get(i));
    }
}
