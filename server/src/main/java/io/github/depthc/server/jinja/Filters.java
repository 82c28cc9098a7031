// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Filters by their names. */
final class Filters {
    private static final Map<String, Filter> ALL = all();

    private Filters() {
    }

    private static Map<String, Filter> all() {
        var all = new HashMap<String, Filter>();
        all.putAll(TextFilters.ALL);
        all.putAll(NumberFilters.ALL);
        all.putAll(ListFilters.ALL);
        all.putAll(EachFilters.ALL);
        all.put("default", Filter.of("default_value? boolean?", Filters::otherwise));
        all.put("d", all.get("default"));
        all.put("tojson", Filter.of("ensure_ascii? indent? separators? sort_keys?", PythonJson::of));
        all.put("attr", Filter.of("name", (work, value, given) -> Attributes.ofObject(work, value, Values.string(given.get("name")))));
        return Map.copyOf(all);
    }

    static Set<String> names() {
        return ALL.keySet();
    }

    /** The filter of a name; refuses what is none. */
    static Filter of(String name) {
        Filter filter = ALL.get(name);
        if (filter == null) {
            throw new TemplateException("the filter " + name + " is not known here; docs/serving.md lists those that are");
        }
        return filter;
    }

    static Object apply(Work work, String name, Object value, List<Object> positional, Map<String, Object> named) {
        Filter filter = of(name);
        return filter.body().apply(work, value, filter.signature().bind("the filter " + name, positional, named));
    }

    private static Object otherwise(Work work, Object value, Given given) {
        return value instanceof Undefined || given.isTrue("boolean") && !Values.isTrue(value) ? given.or("default_value", "") : value;
    }
}
