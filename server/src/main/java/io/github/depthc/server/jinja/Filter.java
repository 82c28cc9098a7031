// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

/** A filter with its arguments. */
record Filter(Signature signature, Body body) {
    /** What it does. */
    @FunctionalInterface
    interface Body {
        Object apply(Work work, Object value, Given given);
    }

    static Filter of(String parameters, Body body) {
        return new Filter(Signature.of(parameters), body);
    }
}
