// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.HashMap;
import java.util.Map;

/** Names and values; what is set in a loop's scope is gone after it. */
final class Scope {
    private final Work work;
    private final Scope outer;
    private final Map<String, Object> values = new HashMap<>();

    Scope(Work work, Scope outer) {
        work.make(Work.ENTRY);
        this.work = work;
        this.outer = outer;
    }

    Object get(String name) {
        for (Scope s = this; s != null; s = s.outer) {
            if (s.values.containsKey(name)) {
                return s.values.get(name);
            }
        }
        return new Undefined("'" + name + "'");
    }

    void set(String name, Object value) {
        work.make(Work.ENTRY);
        values.put(name, value);
    }

    /** A scope in this one. */
    Scope inner() {
        return new Scope(work, this);
    }
}
