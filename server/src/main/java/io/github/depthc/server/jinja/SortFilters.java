// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Filters that compare values with each other. */
final class SortFilters {
    private SortFilters() {
    }

    static Object sort(Work work, Object value, Given given) {
        List<Object> items = ListFilters.copy(work, value);
        Comparator<Object> order = order(work, given, given.or("attribute", null));
        items.sort(given.isTrue("reverse") ? order.reversed() : order);
        return items;
    }

    static Object dictsort(Work work, Object value, Given given) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new TemplateException("the filter dictsort of " + Values.kind(value) + ", expected a mapping");
        }
        long place = switch (Values.string(given.or("by", "key"))) {
            case "key" -> 0;
            case "value" -> 1;
            default -> throw new TemplateException("the filter dictsort sorts by key or value");
        };
        List<Object> items = new ArrayList<>(MapMethods.items(work, map));
        Comparator<Object> order = order(work, given, place);
        items.sort(given.isTrue("reverse") ? order.reversed() : order);
        return items;
    }

    static Object unique(Work work, Object value, Given given) {
        var comparison = new Comparison(work);
        var keys = new ArrayList<Object>();
        var unique = new ArrayList<Object>();
        for (Object item : Values.items(work, value)) {
            Object key = key(work, item, given, given.or("attribute", null));
            if (keys.stream().noneMatch(k -> comparison.equal(k, key))) {
                work.list(2);
                keys.add(key);
                unique.add(item);
            }
        }
        return Sequence.generator(unique);
    }

    /** The least where the sign is negative, else the most; of several the first. */
    static Object extreme(Work work, Object value, Given given, int sign) {
        Comparator<Object> order = order(work, given, given.or("attribute", null));
        Object best = null;
        boolean found = false;
        for (Object item : Values.items(work, value)) {
            if (!found || order.compare(item, best) * sign > 0) {
                best = item;
                found = true;
            }
        }
        return found ? best : new Undefined("the " + (sign < 0 ? "least" : "most") + " of no values");
    }

    private static Comparator<Object> order(Work work, Given given, Object attribute) {
        var comparison = new Comparison(work);
        return (a, b) -> {
            work.touch(Work.STEP);
            return Integer.signum(comparison.order(key(work, a, given, attribute), key(work, b, given, attribute)));
        };
    }

    private static Object key(Work work, Object item, Given given, Object attribute) {
        if (attribute instanceof String several && several.contains(",")) {
            throw new TemplateException("sorting by several attributes (" + several + ") is not there here");
        }
        Object key = attribute == null ? item : Attributes.path(work, item, attribute);
        if (!(key instanceof String text) || given.isTrue("case_sensitive")) {
            return key;
        }
        work.touch(2L * text.length());
        return Strings.lower(text);
    }
}
