// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which arguments there are.
 *
 * @param names    by their places
 * @param required how many of them must be there
 * @param open     whether there may be others
 */
record Signature(List<String> names, int required, boolean open) {
    /** Of names with spaces between them; those with a question mark need not be there, and a star stands for any. */
    static Signature of(String parameters) {
        List<String> all = parameters.isEmpty() ? List.of() : List.of(parameters.split(" "));
        List<String> names = all.stream().filter(n -> !n.equals("*")).map(n -> n.replace("?", "")).toList();
        return new Signature(names, (int) all.stream().filter(n -> !n.equals("*") && !n.endsWith("?")).count(), all.contains("*"));
    }

    /** Refuses a call that does not fit. */
    void check(String what, int positional, Collection<String> named) {
        if (positional > names.size() && !open) {
            throw new TemplateException(what + " has " + positional + " arguments, expected " + (names.isEmpty() ? "none" : "at most " + names.size() + " (" + String.join(", ", names) + ")"));
        }
        for (String name : named) {
            int place = names.indexOf(name);
            if (place < 0 && !open) {
                throw new TemplateException(what + " has no argument " + name + (names.isEmpty() ? "" : ", expected " + String.join(", ", names)));
            }
            if (place >= 0 && place < positional) {
                throw new TemplateException(what + " has two values for the argument " + name);
            }
        }
        for (int i = positional; i < required; i++) {
            if (!named.contains(names.get(i))) {
                throw new TemplateException(what + " needs the argument " + names.get(i));
            }
        }
    }

    /** The arguments by name, after {@link #check}. */
    Given bind(String what, List<Object> positional, Map<String, Object> named) {
        check(what, positional.size(), named.keySet());
        var values = new LinkedHashMap<>(named);
        for (int i = 0; i < Math.min(names.size(), positional.size()); i++) {
            values.put(names.get(i), positional.get(i));
        }
        return new Given(positional, values);
    }
}
