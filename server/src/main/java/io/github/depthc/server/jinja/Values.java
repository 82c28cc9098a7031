// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What values mean: strings, whole and other numbers, booleans, none (null), lists, maps with strings as keys, {@link Undefined}. */
final class Values {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    // As Python's json.dumps has it.
    private static final Separators PYTHON = Separators.createDefaultInstance().withObjectFieldValueSpacing(Separators.Spacing.AFTER)
            .withObjectEntrySpacing(Separators.Spacing.AFTER).withArrayValueSpacing(Separators.Spacing.AFTER).withObjectEmptySeparator("").withArrayEmptySeparator("");

    private Values() {
    }

    static boolean isTrue(Object value) {
        return switch (value) {
            case null -> false;
            case Undefined u -> false;
            case Boolean b -> b;
            case Long n -> n != 0;
            case Double d -> d != 0;
            case String s -> !s.isEmpty();
            case List<?> l -> !l.isEmpty();
            case Map<?, ?> m -> !m.isEmpty();
            default -> true;
        };
    }

    static String text(Object value) {
        return switch (value) {
            case null -> "None";
            case Undefined u -> "";
            case Boolean b -> b ? "True" : "False";
            case List<?> l -> json(l, 0);
            case Map<?, ?> m -> json(m, 0);
            default -> value.toString();
        };
    }

    static String json(Object value, int indent) {
        if (value instanceof Undefined) {
            throw new TemplateException("tojson of something undefined");
        }
        var printer = new DefaultPrettyPrinter(PYTHON);
        if (indent == 0) {
            printer.indentObjectsWith(new DefaultPrettyPrinter.NopIndenter());
            printer.indentArraysWith(new DefaultPrettyPrinter.NopIndenter());
        } else {
            var lines = new DefaultIndenter(" ".repeat(Math.min(indent, 16)), "\n");
            printer.indentObjectsWith(lines);
            printer.indentArraysWith(lines);
        }
        try {
            return JSON.writer(printer).writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new TemplateException("tojson: " + e.getOriginalMessage());
        }
    }

    static boolean equal(Object a, Object b) {
        if (a instanceof Number x && b instanceof Number y) {
            return x.doubleValue() == y.doubleValue();
        }
        return Objects.equals(a, b);
    }

    static int compare(Object a, Object b) {
        if (a instanceof Number x && b instanceof Number y) {
            return Double.compare(x.doubleValue(), y.doubleValue());
        }
        if (a instanceof String x && b instanceof String y) {
            return x.compareTo(y);
        }
        throw new TemplateException(kind(a) + " and " + kind(b) + " have no order");
    }

    static boolean contains(Object in, Object value) {
        return switch (in) {
            case String s -> value instanceof String part && s.contains(part);
            case List<?> l -> l.stream().anyMatch(x -> equal(x, value));
            case Map<?, ?> m -> value instanceof String key && m.containsKey(key);
            case null, default -> throw new TemplateException("'in' of " + kind(in));
        };
    }

    static List<?> items(Object value) {
        return switch (value) {
            case List<?> l -> l;
            case Map<?, ?> m -> List.copyOf(m.keySet());
            case String s -> s.codePoints().mapToObj(Character::toString).toList();
            case Undefined u -> List.of();
            case null, default -> throw new TemplateException(kind(value) + " has no items");
        };
    }

    static int length(Object value) {
        return value instanceof String s ? s.codePointCount(0, s.length()) : items(value).size();
    }

    static long whole(Object value) {
        if (value instanceof Long n) {
            return n;
        }
        throw new TemplateException("found " + kind(value) + ", expected a whole number");
    }

    static String string(Object value) {
        if (value instanceof String s) {
            return s;
        }
        throw new TemplateException("found " + kind(value) + ", expected a string");
    }

    static String kind(Object value) {
        return switch (value) {
            case null -> "none";
            case Undefined u -> "something undefined";
            case String s -> "a string";
            case Number n -> "a number";
            case Boolean b -> "a boolean";
            case List<?> l -> "a list";
            case Map<?, ?> m -> "a mapping";
            default -> "a function";
        };
    }
}
