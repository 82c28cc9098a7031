// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.HashMap;
import java.util.Map;

/** Names and values; what is set in a loop's scope is gone after it. */
final class Scope {
    private final Scope outer;
    private final Map<String, Object> values = new HashMap<>();

    Scope(Scope outer) {
        this.outer = outer;
    }

    Object get(String name) {
        if (values.containsKey(name)) {
            return values.get(name);
        }
        return outer == null ? Undefined.VALUE : outer.get(name);
    }

    void set(String name, Object value) {
        values.put(name, value);
    }
}
