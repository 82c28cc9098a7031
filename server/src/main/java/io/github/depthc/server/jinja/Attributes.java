// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What is looked up in a value: attributes, items, slices. What is not there is {@link Undefined}. */
final class Attributes {
    private Attributes() {
    }

    /** {@code value.name}: a method goes before a key of a mapping, as in Jinja. */
    static Object attribute(Work work, Object value, String name) {
        if (value instanceof Undefined u) {
            throw u.error();
        }
        Object method = method(work, value, name);
        return method != null ? method : value instanceof Map<?, ?> m && m.containsKey(name) ? m.get(name) : missing(value, name);
    }

    /** An attribute that is no key of a mapping. */
    static Object ofObject(Work work, Object value, String name) {
        if (value instanceof Undefined u) {
            throw u.error();
        }
        Object method = method(work, value, name);
        return method != null ? method : missing(value, name);
    }

    private static Object method(Work work, Object value, String name) {
        return switch (value) {
            case Namespace n -> n.get(name);
            case Macro m when name.equals("name") -> m.name();
            case LoopState l -> l.attribute(name);
            case String s -> TextMethods.of(work, s, name);
            case Map<?, ?> m -> MapMethods.of(work, m, name);
            case List<?> l -> ListMethods.of(work, l, name, true);
            case Sequence s when s.indexed() -> ListMethods.of(work, s.items(), name, false);
            case null, default -> null;
        };
    }

    private static Undefined missing(Object value, String name) {
        return new Undefined("'" + name + "' of " + Values.kind(value));
    }

    /** {@code value[index]}: a key of a mapping goes before a method. */
    static Object item(Work work, Object value, Object index) {
        if (value instanceof Undefined u) {
            throw u.error();
        }
        if (value instanceof Map<?, ?> m && (index == null || index instanceof String || index instanceof Long) && m.containsKey(Values.key(work, index))) {
            return m.get(index);
        }
        if (index instanceof String name) {
            return attribute(work, value, name);
        }
        Number n = Values.number(index);
        if (!(n instanceof Long at)) {
            return missing(value, "this item");
        }
        return switch (value) {
            case String s -> character(work, s, at);
            case List<?> l -> at(l, at, value);
            case Sequence s when s.indexed() -> at(s.items(), at, value);
            case null, default -> missing(value, at.toString());
        };
    }

    private static Object at(List<?> items, long index, Object value) {
        long at = index < 0 ? index + items.size() : index;
        return at >= 0 && at < items.size() ? items.get((int) at) : missing(value, Long.toString(index));
    }

    private static Object character(Work work, String text, long index) {
        work.touch(text.length());
        int n = Strings.length(text);
        long at = index < 0 ? index + n : index;
        return at >= 0 && at < n ? Character.toString(text.codePointAt(text.offsetByCodePoints(0, (int) at))) : missing(text, Long.toString(index));
    }

    /** An attribute of a filter's argument: names or numbers with dots between them. */
    static Object path(Work work, Object value, Object path) {
        work.touch(Work.STEP);
        if (!(path instanceof String names)) {
            return item(work, value, path);
        }
        Object of = value;
        work.touch(names.length());
        for (String part : names.split("\\.", -1)) {
            work.touch(Work.STEP);
            boolean number = !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9');
            of = item(work, of, number ? (Object) Long.valueOf(part) : part);
        }
        return of;
    }

    /** {@code value[from:to:step]}; what is null is as if it were not there. */
    static Object slice(Work work, Object value, Object from, Object to, Object step) {
        if (value instanceof Undefined u) {
            throw u.error();
        }
        if (!isBound(from) || !isBound(to) || !isBound(step)) {
            throw new TemplateException("a part of " + Values.kind(value) + " by what is no whole number");
        }
        return switch (value) {
            case String s -> text(work, s, from, to, step);
            case List<?> l -> part(work, l, from, to, step);
            case Sequence s when s.kind() == Sequence.Kind.TUPLE -> Sequence.tuple(part(work, s.items(), from, to, step));
            case Sequence s when s.kind() == Sequence.Kind.RANGE -> throw new TemplateException("a part of a range is not there here; put | list behind the range");
            case null, default -> throw new TemplateException("a part of " + Values.kind(value) + ", expected one of a string or a list");
        };
    }

    private static boolean isBound(Object value) {
        return value == null || Values.number(value) instanceof Long;
    }

    private static Object text(Work work, String text, Object from, Object to, Object step) {
        work.touch(text.length());
        int n = Strings.length(text);
        if (step == null || step.equals(1L)) {
            int begin = bound(from, 0, n, 0, n);
            int end = Math.max(begin, bound(to, n, n, 0, n));
            work.make(Work.OBJECT + (long) end - begin);
            int first = text.offsetByCodePoints(0, begin);
            return text.substring(first, text.offsetByCodePoints(first, end - begin));
        }
        return String.join("", part(work, Values.items(work, text), from, to, step).stream().map(c -> (String) c).toList());
    }

    private static List<Object> part(Work work, List<?> items, Object from, Object to, Object by) {
        long step = by == null ? 1 : Values.whole(by);
        if (step == 0) {
            throw new TemplateException("a part in steps of 0");
        }
        int n = items.size();
        int low = step > 0 ? 0 : -1;
        int high = step > 0 ? n : n - 1;
        int begin = bound(from, step > 0 ? low : high, n, low, high);
        int end = bound(to, step > 0 ? high : low, n, low, high);
        var part = new ArrayList<Object>();
        for (long i = begin; step > 0 ? i < end : i > end; i += Math.clamp(step, -n - 1, n + 1)) {
            work.list(1);
            part.add(items.get((int) i));
        }
        return part;
    }

    private static int bound(Object value, int otherwise, int n, int low, int high) {
        if (value == null) {
            return otherwise;
        }
        long i = Values.whole(value);
        return (int) Math.clamp(i < 0 ? i + n : i, (long) low, high);
    }
}
