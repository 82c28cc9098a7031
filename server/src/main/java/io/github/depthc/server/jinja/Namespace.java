// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** What {@code namespace()} makes: values that a loop can change for what comes after it. */
final class Namespace {
    private final Map<Object, Object> values = new LinkedHashMap<>();

    Namespace(Map<Object, Object> values) {
        this.values.putAll(values);
    }

    Object get(String name) {
        return values.containsKey(name) ? values.get(name) : new Undefined("'" + name + "' of a namespace");
    }

    void set(Work work, String name, Object value) {
        work.make(Work.ENTRY);
        values.put(name, value);
    }
}
