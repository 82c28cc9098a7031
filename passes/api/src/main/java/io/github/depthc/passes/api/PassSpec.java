// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

/**
 * What there is to know about a pass without running it.
 *
 * @param name     the name in pipelines: lower case words joined by {@code -}
 * @param summary  one line, what it does
 * @param defaults the options when none are written; its record components name them
 * @param <O>      the options
 */
public record PassSpec<O extends Record>(String name, String summary, O defaults) {
    public PassSpec {
        if (!name.matches("[a-z][a-z0-9]*(-[a-z0-9]+)*")) {
            throw new IllegalArgumentException("pass name '" + name + "', expected lower case words joined by '-'");
        }
        if (name.equals("all") || name.equals("changed")) {
            throw new IllegalArgumentException("pass name '" + name + "' has a meaning of its own in opt --print-after; expected another");
        }
    }

    /** The class of the options. */
    @SuppressWarnings("unchecked")
    public Class<O> optionsType() {
        return (Class<O>) defaults.getClass();
    }
}
