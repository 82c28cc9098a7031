// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.math.RoundingMode;
import java.util.Map;

/** Filters of numbers. */
final class NumberFilters {
    static final Map<String, Filter> ALL = Map.of(
            "abs", Filter.of("", (work, value, given) -> {
                Number n = required(value);
                return n.doubleValue() < 0 ? Operators.signed("-", n) : n;
            }),
            "int", Filter.of("default? base?", NumberFilters::whole),
            "float", Filter.of("default?", NumberFilters::decimal),
            "round", Filter.of("precision? method?", NumberFilters::rounded));

    private static final int LONGEST = 400;
    private static final int DECIMAL = 10;

    private NumberFilters() {
    }

    private static Number required(Object value) {
        Number n = Values.number(value);
        if (n == null) {
            throw value instanceof Undefined u ? u.error() : new TemplateException("found " + Values.kind(value) + ", expected a number");
        }
        return n;
    }

    private static Object whole(Work work, Object value, Given given) {
        Object otherwise = given.or("default", 0L);
        if (value instanceof Undefined u) {
            throw u.error();
        }
        Number n = Values.number(value);
        if (n != null) {
            return n instanceof Double d ? Double.isFinite(d) ? (Object) Floats.whole(d) : otherwise : n;
        }
        if (!(value instanceof String text)) {
            return otherwise;
        }
        String digits = digits(work, text);
        int base = Values.count(given.or("base", (long) DECIMAL));
        if (base != DECIMAL) {
            throw new TemplateException("the filter int with base " + base + " is not there here");
        }
        if (digits.matches("[+-]?\\d+")) {
            try {
                return Long.valueOf(digits);
            } catch (NumberFormatException e) {
                throw new TemplateException("the number " + digits + " is too large; whole numbers have 64 bits here");
            }
        }
        Double d = parsed(digits);
        return d == null || !Double.isFinite(d) ? otherwise : (Object) Floats.whole(d);
    }

    private static Object decimal(Work work, Object value, Given given) {
        if (value instanceof Undefined u) {
            throw u.error();
        }
        Number n = Values.number(value);
        Object number = n != null ? (Double) n.doubleValue() : value instanceof String text ? parsed(digits(work, text)) : null;
        return number == null ? given.or("default", 0.0) : number;
    }

    // Without spaces around them and underscores between them.
    private static String digits(Work work, String text) {
        work.touch(text.length());
        String digits = Strings.strip(text, null, true, true);
        if (digits.length() > LONGEST) {
            throw new TemplateException("a number of " + digits.length() + " characters, expected at most " + LONGEST);
        }
        return digits.replaceAll("(?<=[0-9])_(?=[0-9])", "");
    }

    private static Double parsed(String digits) {
        return switch (Strings.lower(digits)) {
            case "nan", "+nan", "-nan" -> Double.NaN;
            case "inf", "+inf", "infinity", "+infinity" -> Double.POSITIVE_INFINITY;
            case "-inf", "-infinity" -> Double.NEGATIVE_INFINITY;
            default -> digits.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?") ? Double.valueOf(digits) : null;
        };
    }

    private static Object rounded(Work work, Object value, Given given) {
        double d = required(value).doubleValue();
        int precision = Math.clamp(Values.whole(given.or("precision", 0L)), -LONGEST, LONGEST);
        RoundingMode mode = switch (Values.string(given.or("method", "common"))) {
            case "common" -> RoundingMode.HALF_EVEN;
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            default -> throw new TemplateException("the filter round rounds common, ceil or floor");
        };
        if (value instanceof Long n && mode == RoundingMode.HALF_EVEN && precision >= 0) {
            return n;
        }
        if (mode != RoundingMode.HALF_EVEN) {
            double scale = Math.pow(DECIMAL, precision);
            return (mode == RoundingMode.CEILING ? Math.ceil(d * scale) : Math.floor(d * scale)) / scale;
        }
        double result = Floats.rounded(d, precision, mode);
        return value instanceof Double ? (Object) result : Floats.whole(result);
    }
}
