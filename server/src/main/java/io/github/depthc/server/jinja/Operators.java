// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.List;

/** What operators do that have two operands and evaluate both. */
final class Operators {
    private final Work work;

    Operators(Work work) {
        this.work = work;
    }

    Object apply(String operator, Object a, Object b) {
        if (operator.equals("~")) {
            String x = PythonText.of(work, a);
            return joined(x, PythonText.of(work, b));
        }
        Number x = Values.number(a);
        Number y = Values.number(b);
        if (x != null && y != null) {
            return arithmetic(operator, x, y);
        }
        return switch (operator) {
            case "+" -> sum(a, b);
            case "*" -> product(a, b);
            case "%" -> throw a instanceof String ? new TemplateException("text with places for values (%) is not there here; join it with ~") : none(operator, a, b);
            default -> throw none(operator, a, b);
        };
    }

    private Object sum(Object a, Object b) {
        if (a instanceof String s && b instanceof String t) {
            return joined(s, t);
        }
        if (a instanceof List<?> l && b instanceof List<?> m) {
            return joined(l, m);
        }
        if (isTuple(a) && isTuple(b)) {
            return Sequence.tuple(joined(((Sequence) a).items(), ((Sequence) b).items()));
        }
        throw none("+", a, b);
    }

    private Object product(Object a, Object b) {
        if (Values.number(b) instanceof Long times) {
            return repeated(a, times);
        }
        if (Values.number(a) instanceof Long times) {
            return repeated(b, times);
        }
        throw none("*", a, b);
    }

    private static TemplateException none(String operator, Object a, Object b) {
        return a instanceof Undefined u ? u.error() : b instanceof Undefined u ? u.error()
                : new TemplateException("'" + operator + "' of " + Values.kind(a) + " and " + Values.kind(b));
    }

    private static boolean isTuple(Object value) {
        return value instanceof Sequence s && s.kind() == Sequence.Kind.TUPLE;
    }

    private String joined(String a, String b) {
        work.make(Work.OBJECT + (long) a.length() + b.length());
        return a + b;
    }

    private List<Object> joined(List<?> a, List<?> b) {
        work.list((long) a.size() + b.size());
        var both = new ArrayList<Object>(a.size() + b.size());
        both.addAll(a);
        both.addAll(b);
        return both;
    }

    private Object repeated(Object value, long times) {
        long n = Math.max(0, times);
        return switch (value) {
            case String s -> {
                work.make(Work.OBJECT + product(s.length(), n));
                yield s.isEmpty() ? s : s.repeat((int) n);
            }
            case List<?> l -> repeated(l, n);
            case Sequence s when isTuple(s) -> Sequence.tuple(repeated(s.items(), n));
            case null, default -> throw none("*", value, times);
        };
    }

    private List<Object> repeated(List<?> items, long times) {
        long n = product(items.size(), times);
        work.list(n);
        var all = new ArrayList<Object>((int) n);
        while (all.size() < n) {
            all.addAll(items);
        }
        return all;
    }

    // As much as there may be, or more than that.
    private static long product(int length, long times) {
        return length * Math.min(times, Integer.MAX_VALUE);
    }

    private static Object arithmetic(String operator, Number x, Number y) {
        boolean whole = x instanceof Long && y instanceof Long;
        if ((operator.equals("/") || operator.equals("//") || operator.equals("%")) && y.doubleValue() == 0) {
            throw new TemplateException("a division by 0");
        }
        if (whole && !operator.equals("/") && !(operator.equals("**") && y.longValue() < 0)) {
            try {
                return wholes(operator, x.longValue(), y.longValue());
            } catch (ArithmeticException e) {
                throw new TemplateException(x + " " + operator + " " + y + " is too large; whole numbers have 64 bits here");
            }
        }
        return numbers(operator, x.doubleValue(), y.doubleValue());
    }

    private static Long wholes(String operator, long x, long y) {
        return switch (operator) {
            case "+" -> Math.addExact(x, y);
            case "-" -> Math.subtractExact(x, y);
            case "*" -> Math.multiplyExact(x, y);
            case "//" -> Math.floorDivExact(x, y);
            case "%" -> Math.floorMod(x, y);
            default -> power(x, y);
        };
    }

    private static long power(long base, long exponent) {
        if (base >= -1 && base <= 1) {
            return exponent == 0 || base == 1 || base == -1 && exponent % 2 == 0 ? 1 : base;
        }
        long power = 1;
        for (long i = 0; i < exponent; i++) {
            power = Math.multiplyExact(power, base);
        }
        return power;
    }

    private static Object numbers(String operator, double x, double y) {
        return switch (operator) {
            case "+" -> x + y;
            case "-" -> x - y;
            case "*" -> x * y;
            case "/" -> x / y;
            case "//" -> Math.floor((x - modulo(x, y)) / y + 0.5);
            case "%" -> modulo(x, y);
            default -> power(x, y);
        };
    }

    // With the divisor's sign, as Python has it.
    private static double modulo(double x, double y) {
        double rest = x % y;
        return rest != 0 && rest < 0 != y < 0 ? rest + y : rest == 0 ? Math.copySign(0, y) : rest;
    }

    private static double power(double x, double y) {
        double power = Math.pow(x, y);
        if (x == 0 && y < 0 || Double.isNaN(power) && !Double.isNaN(x) && !Double.isNaN(y) || Double.isInfinite(power) && Double.isFinite(x) && Double.isFinite(y)) {
            throw new TemplateException(Floats.text(x) + " ** " + Floats.text(y) + " is no number here");
        }
        return power;
    }

    /** The number with another sign, or with the same. */
    static Object signed(String sign, Object value) {
        Number n = Values.number(value);
        if (n == null) {
            throw value instanceof Undefined u ? u.error() : new TemplateException("'" + sign + "' of " + Values.kind(value));
        }
        return sign.equals("+") ? n : arithmetic("-", n instanceof Double ? (Number) (-0.0) : (Number) 0L, n);
    }
}
