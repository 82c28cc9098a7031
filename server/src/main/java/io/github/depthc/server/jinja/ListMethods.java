// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** Methods of lists and tuples. None changes them. */
final class ListMethods {
    private static final Map<String, Method<List<?>>> ALL = Map.of(
            "index", Method.of("value", (work, items, given) -> {
                var comparison = new Comparison(work);
                for (int i = 0; i < items.size(); i++) {
                    if (comparison.equal(items.get(i), given.get("value"))) {
                        return (long) i;
                    }
                }
                throw new TemplateException("the method index does not find the value");
            }),
            "count", Method.of("value", (work, items, given) -> {
                var comparison = new Comparison(work);
                return items.stream().filter(item -> comparison.equal(item, given.get("value"))).count();
            }));
    private static final Set<String> OTHERS = Set.of("append", "clear", "copy", "extend", "insert", "pop", "remove", "reverse", "sort");

    private ListMethods() {
    }

    static Function of(Work work, List<?> items, String name, boolean list) {
        return Method.of(work, ALL, list ? OTHERS : Set.of(), items, name);
    }
}
