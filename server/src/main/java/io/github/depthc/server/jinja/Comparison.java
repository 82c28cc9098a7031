// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.math.BigDecimal;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Whether values are the same, which is more, and what is in what. */
final class Comparison {
    private final Work work;

    Comparison(Work work) {
        this.work = work;
    }

    boolean equal(Object a, Object b) {
        return equal(a, b, 0);
    }

    private boolean equal(Object a, Object b, int level) {
        work.touch(1);
        Number x = Values.number(a);
        Number y = Values.number(b);
        if (x != null && y != null) {
            return comparable(x, y) && compare(x, y) == 0;
        }
        return switch (a) {
            case null -> b == null;
            case Undefined u -> b instanceof Undefined;
            case String s -> {
                work.touch(s.length());
                yield s.equals(b);
            }
            case List<?> l -> b instanceof List<?> other && all(l, other, level);
            case Sequence s when s.indexed() -> b instanceof Sequence other && s.kind() == other.kind() && all(s.items(), other.items(), level);
            case Map<?, ?> m -> b instanceof Map<?, ?> other && entries(m, other, level);
            default -> a == b;
        };
    }

    private boolean all(List<?> a, List<?> b, int level) {
        int inner = Work.nested(level);
        if (a.size() != b.size()) {
            return false;
        }
        Iterator<?> others = b.iterator();
        for (Object item : a) {
            if (!equal(item, others.next(), inner)) {
                return false;
            }
        }
        return true;
    }

    private boolean entries(Map<?, ?> a, Map<?, ?> b, int level) {
        int inner = Work.nested(level);
        if (a.size() != b.size()) {
            return false;
        }
        for (Map.Entry<?, ?> e : a.entrySet()) {
            Object key = Values.key(work, e.getKey());
            if (!b.containsKey(key) || !equal(e.getValue(), b.get(key), inner)) {
                return false;
            }
        }
        return true;
    }

    /** One of {@code < > <= >=}. */
    boolean ordered(String operator, Object a, Object b) {
        Number x = Values.number(a);
        Number y = Values.number(b);
        if (x != null && y != null && !comparable(x, y)) {
            return false;
        }
        int order = order(a, b, 0);
        return switch (operator) {
            case "<" -> order < 0;
            case ">" -> order > 0;
            case "<=" -> order <= 0;
            default -> order >= 0;
        };
    }

    /** Negative, 0 or positive as the first is less, the same or more. */
    int order(Object a, Object b) {
        return order(a, b, 0);
    }

    private int order(Object a, Object b, int level) {
        work.touch(1);
        Number x = Values.number(a);
        Number y = Values.number(b);
        if (x != null && y != null) {
            return compare(x, y);
        }
        if (a instanceof String s && b instanceof String t) {
            work.touch(Math.min(s.length(), t.length()));
            return Strings.compare(s, t);
        }
        if (a instanceof List<?> l && b instanceof List<?> m) {
            return lists(l, m, level);
        }
        if (a instanceof Sequence s && b instanceof Sequence t && s.kind() == Sequence.Kind.TUPLE && t.kind() == Sequence.Kind.TUPLE) {
            return lists(s.items(), t.items(), level);
        }
        if (a instanceof Undefined u) {
            throw u.error();
        }
        if (b instanceof Undefined u) {
            throw u.error();
        }
        throw new TemplateException(Values.kind(a) + " and " + Values.kind(b) + " have no order");
    }

    private int lists(List<?> a, List<?> b, int level) {
        int inner = Work.nested(level);
        Iterator<?> others = b.iterator();
        for (Object item : a) {
            if (!others.hasNext()) {
                return 1;
            }
            Object other = others.next();
            if (!equal(item, other, inner)) {
                return order(item, other, inner);
            }
        }
        return others.hasNext() ? -1 : 0;
    }

    private static boolean comparable(Number x, Number y) {
        return !Double.isNaN(x.doubleValue()) && !Double.isNaN(y.doubleValue());
    }

    private static int compare(Number x, Number y) {
        if (x instanceof Long a && y instanceof Long b) {
            return Long.compare(a, b);
        }
        double a = x.doubleValue();
        double b = y.doubleValue();
        if (x instanceof Double && y instanceof Double || !Double.isFinite(a) || !Double.isFinite(b)) {
            return a < b ? -1 : a > b ? 1 : 0;
        }
        return exact(x).compareTo(exact(y));
    }

    private static BigDecimal exact(Number n) {
        return n instanceof Long whole ? BigDecimal.valueOf(whole) : new BigDecimal(n.doubleValue());
    }

    boolean contains(Object in, Object value) {
        return switch (in) {
            case String s -> new Search(work, Values.string(value)).in(s, 0) >= 0;
            case Map<?, ?> m -> !(value instanceof Undefined) && m.containsKey(Values.key(work, value));
            case List<?> l -> l.stream().anyMatch(x -> equal(x, value));
            case Sequence s -> s.items().stream().anyMatch(x -> equal(x, value));
            case Undefined u -> false;
            case null, default -> throw new TemplateException("'in' of " + Values.kind(in));
        };
    }
}
