// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Filters that do something with each of several values: {@code map}, {@code select} and their like. */
final class EachFilters {
    static final Map<String, Filter> ALL = Map.of(
            "map", Filter.of("*", EachFilters::map),
            "select", Filter.of("*", (work, value, given) -> selected(work, value, given, false, true)),
            "reject", Filter.of("*", (work, value, given) -> selected(work, value, given, false, false)),
            "selectattr", Filter.of("*", (work, value, given) -> selected(work, value, given, true, true)),
            "rejectattr", Filter.of("*", (work, value, given) -> selected(work, value, given, true, false)));

    private static final Signature ATTRIBUTE = Signature.of("attribute default?");

    private EachFilters() {
    }

    private static Object map(Work work, Object value, Given given) {
        if (!Values.isTrue(value)) {
            return Sequence.generator(List.of());
        }
        var results = new ArrayList<Object>();
        List<Object> arguments = given.all();
        if (arguments.isEmpty()) {
            Given of = ATTRIBUTE.bind("the filter map", arguments, given.values());
            for (Object item : Values.items(work, value)) {
                work.list(1);
                Object result = Attributes.path(work, item, of.get("attribute"));
                results.add(result instanceof Undefined && of.or("default", null) != null ? of.get("default") : result);
            }
            return Sequence.generator(results);
        }
        String name = Values.string(arguments.getFirst());
        for (Object item : Values.items(work, value)) {
            work.list(1);
            results.add(Filters.apply(work, name, item, arguments.subList(1, arguments.size()), given.values()));
        }
        return Sequence.generator(results);
    }

    private static Object selected(Work work, Object value, Given given, boolean attribute, boolean wanted) {
        if (!Values.isTrue(value)) {
            return Sequence.generator(List.of());
        }
        List<Object> arguments = given.all();
        int skipped = attribute ? 1 : 0;
        if (arguments.size() < skipped) {
            throw new TemplateException("selecting by an attribute without its name");
        }
        var selected = new ArrayList<Object>();
        for (Object item : Values.items(work, value)) {
            work.list(1);
            Object of = attribute ? Attributes.path(work, item, arguments.getFirst()) : item;
            boolean holds = arguments.size() == skipped ? Values.isTrue(of)
                    : Tests.holds(work, Values.string(arguments.get(skipped)), of, arguments.subList(skipped + 1, arguments.size()), new LinkedHashMap<>(given.values()));
            if (holds == wanted) {
                selected.add(item);
            }
        }
        return Sequence.generator(selected);
    }
}
