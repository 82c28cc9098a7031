// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Methods of mappings. None changes them. */
final class MapMethods {
    private static final Map<String, Method<Map<?, ?>>> ALL = Map.of(
            "items", Method.of("", (work, map, given) -> Sequence.view("dict_items", items(work, map))),
            "keys", Method.of("", (work, map, given) -> Sequence.view("dict_keys", ListFilters.copy(work, map))),
            "values", Method.of("", (work, map, given) -> {
                work.list(map.size());
                return Sequence.view("dict_values", new ArrayList<>(map.values()));
            }),
            "get", Method.of("key default?", (work, map, given) -> {
                Object key = Values.key(work, given.get("key"));
                return map.containsKey(key) ? map.get(key) : given.or("default", null);
            }),
            "copy", Method.of("", (work, map, given) -> {
                work.make((long) Work.ENTRY * map.size());
                return new LinkedHashMap<Object, Object>(map);
            }));
    private static final Set<String> OTHERS = Set.of("clear", "fromkeys", "pop", "popitem", "setdefault", "update");

    private MapMethods() {
    }

    static Function of(Work work, Map<?, ?> map, String name) {
        return Method.of(work, ALL, OTHERS, map, name);
    }

    /** Keys with their values. */
    static List<Object> items(Work work, Map<?, ?> map) {
        var items = new ArrayList<Object>();
        map.forEach((key, value) -> {
            work.list(2L + Work.OBJECT);
            var pair = new ArrayList<Object>(2);
            pair.add(key);
            pair.add(value);
            items.add(Sequence.tuple(pair));
        });
        return items;
    }
}
