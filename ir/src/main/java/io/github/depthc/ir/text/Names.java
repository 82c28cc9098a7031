// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Value;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;

/** The names of a region's values in the text: letters, digits, {@code _} and {@code .}, unique within the region. */
final class Names {
    private final Map<Value, String> names = new IdentityHashMap<>();
    private final Map<String, Integer> taken = new HashMap<>();

    Names(Region region) {
        region.params().forEach(this::define);
        for (Node node : region.nodes()) {
            node.results().forEach(this::define);
        }
    }

    /** The name of a value; of one from elsewhere, which the verifier will report, its own. */
    String of(Value value) {
        String name = names.get(value);
        return name == null ? sanitized(value) : name;
    }

    /** A value's own name with every character that the text form does not have replaced. */
    static String sanitized(Value value) {
        String name = value.name();
        if (name.isEmpty()) {
            return "_";
        }
        var out = new StringBuilder();
        for (char c : name.toCharArray()) {
            out.append(isNameCharacter(c) ? c : '_');
        }
        return out.toString();
    }

    static boolean isNameCharacter(char c) {
        return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.';
    }

    private void define(Value value) {
        names.computeIfAbsent(value, v -> unique(sanitized(v)));
    }

    private String unique(String hint) {
        if (taken.putIfAbsent(hint, 0) == null) {
            return hint;
        }
        int n = taken.get(hint);
        String name;
        do {
            name = hint + "_" + ++n;
        } while (taken.containsKey(name));
        taken.put(hint, n);
        taken.put(name, 0);
        return name;
    }
}
