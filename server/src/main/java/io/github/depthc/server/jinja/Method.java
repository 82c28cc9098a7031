// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.Map;
import java.util.Set;

/**
 * A method of values of one kind.
 *
 * @param <T> the kind
 */
record Method<T>(Signature signature, Body<T> body) {
    /** What it does. */
    @FunctionalInterface
    interface Body<T> {
        Object apply(Work work, T value, Given given);
    }

    static <T> Method<T> of(String parameters, Body<T> body) {
        return new Method<>(Signature.of(parameters), body);
    }

    /**
     * The method of a value; null where it has none of that name.
     *
     * @param others names that Python has beside these
     */
    static <T> Function of(Work work, Map<String, Method<T>> methods, Set<String> others, T value, String name) {
        Method<T> method = methods.get(name);
        if (method != null) {
            return (arguments, named) -> method.body.apply(work, value, method.signature.bind("the method " + name, arguments, named));
        }
        return others.contains(name) ? Function.missing("the method " + name + " of " + Values.kind(value)) : null;
    }
}
