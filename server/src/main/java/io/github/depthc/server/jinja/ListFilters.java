// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Filters of several values together. */
final class ListFilters {
    static final Map<String, Filter> ALL = Map.ofEntries(
            Map.entry("length", Filter.of("", (work, value, given) -> Values.length(work, value))),
            Map.entry("count", Filter.of("", (work, value, given) -> Values.length(work, value))),
            Map.entry("list", Filter.of("", (work, value, given) -> copy(work, value))),
            Map.entry("items", Filter.of("", ListFilters::items)),
            Map.entry("first", Filter.of("", ListFilters::first)),
            Map.entry("last", Filter.of("", ListFilters::last)),
            Map.entry("reverse", Filter.of("", ListFilters::reverse)),
            Map.entry("join", Filter.of("d? attribute?", ListFilters::join)),
            Map.entry("sum", Filter.of("attribute? start?", ListFilters::sum)),
            Map.entry("sort", Filter.of("reverse? case_sensitive? attribute?", SortFilters::sort)),
            Map.entry("dictsort", Filter.of("case_sensitive? by? reverse?", SortFilters::dictsort)),
            Map.entry("unique", Filter.of("case_sensitive? attribute?", SortFilters::unique)),
            Map.entry("min", Filter.of("case_sensitive? attribute?", (work, value, given) -> SortFilters.extreme(work, value, given, -1))),
            Map.entry("max", Filter.of("case_sensitive? attribute?", (work, value, given) -> SortFilters.extreme(work, value, given, 1))));

    private ListFilters() {
    }

    /** A list that is the caller's. */
    static List<Object> copy(Work work, Object value) {
        List<?> items = Values.items(work, value);
        work.list(items.size());
        return new ArrayList<>(items);
    }

    private static Object items(Work work, Object value, Given given) {
        return switch (value) {
            case Undefined u -> Sequence.generator(List.of());
            case Map<?, ?> m -> Sequence.generator(MapMethods.items(work, m));
            case null, default -> throw new TemplateException("the filter items of " + Values.kind(value) + ", expected a mapping");
        };
    }

    private static Object first(Work work, Object value, Given given) {
        List<?> items = Values.items(work, value);
        return items.isEmpty() ? new Undefined("the first of no values") : items.getFirst();
    }

    private static Object last(Work work, Object value, Given given) {
        if (value instanceof Sequence s && s.kind() == Sequence.Kind.GENERATOR) {
            throw new TemplateException("the filter last of a generator; put | list before it");
        }
        List<?> items = Values.items(work, value);
        return items.isEmpty() ? new Undefined("the last of no values") : items.getLast();
    }

    private static Object reverse(Work work, Object value, Given given) {
        if (value instanceof String s) {
            work.make(Work.OBJECT + s.length());
            return new StringBuilder(s).reverse().toString();
        }
        boolean list = value instanceof Sequence s && s.kind() == Sequence.Kind.GENERATOR;
        List<Object> items = copy(work, value);
        Collections.reverse(items);
        return list ? items : Sequence.generator(items);
    }

    private static Object join(Work work, Object value, Given given) {
        Object attribute = given.or("attribute", null);
        String separator = PythonText.of(work, given.or("d", ""));
        var out = new Output(work);
        boolean begun = false;
        for (Object item : Values.items(work, value)) {
            out.add(begun ? separator : "").add(PythonText.of(work, attribute == null ? item : Attributes.path(work, item, attribute)));
            begun = true;
        }
        return out.toString();
    }

    private static Object sum(Work work, Object value, Given given) {
        Object attribute = given.or("attribute", null);
        Object sum = given.or("start", 0L);
        var operators = new Operators(work);
        for (Object item : Values.items(work, value)) {
            work.touch(Work.STEP);
            sum = operators.apply("+", sum, attribute == null ? item : Attributes.path(work, item, attribute));
        }
        return sum;
    }
}
