// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.List;
import java.util.Map;

/**
 * What a call is given.
 *
 * @param all    arguments without names
 * @param values those that have names, or got them by their places
 */
record Given(List<Object> all, Map<String, Object> values) {
    /** One that is always there. */
    Object get(String name) {
        return values.get(name);
    }

    /** One that need not be there. */
    Object or(String name, Object otherwise) {
        return values.containsKey(name) ? values.get(name) : otherwise;
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    boolean isTrue(String name) {
        return Values.isTrue(or(name, false));
    }
}
