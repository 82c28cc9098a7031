// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What there is to know about a pass without running it.
 *
 * @param name     the name in pipelines: lower case words joined by {@code -}
 * @param summary  one line, what it does
 * @param defaults the options when none are written; its record components name them
 * @param <O>      the options
 */
public record PassSpec<O extends Record>(String name, String summary, O defaults) {
    /** In the place of a pass's name: every pass. */
    public static final String ALL = "all";
    /** In the place of a pass's name: every pass that changed the model. */
    public static final String CHANGED = "changed";

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");

    public PassSpec {
        nameFault(name).ifPresent(fault -> {
            throw new IllegalArgumentException("pass name '" + name + "'" + fault);
        });
        if (summary == null || summary.isBlank() || summary.lines().count() > 1) {
            throw new IllegalArgumentException("the summary of pass '" + name + "' " + (summary == null || summary.isBlank() ? "is empty"
                    : "has " + summary.lines().count() + " lines") + ", expected one line");
        }
        if (defaults == null) {
            throw new IllegalArgumentException("the default options of pass '" + name + "' are null, expected a record, or new NoOptions()");
        }
    }

    /** What is wrong with a name for a pass, in words that follow the name. */
    public static Optional<String> nameFault(String name) {
        if (!NAME.matcher(name).matches()) {
            return Optional.of(", expected lower case words joined by '-', such as skip-commas");
        }
        return name.equals(ALL) || name.equals(CHANGED)
                ? Optional.of(", which means something else to opt --print-after; expected another one") : Optional.empty();
    }

    /** The class of the options. */
    @SuppressWarnings("unchecked")
    public Class<O> optionsType() {
        return (Class<O>) defaults.getClass();
    }
}
