// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.InputException;

/**
 * The value of an option is out of range, thrown by the constructor of the options' record, or does not fit this model, thrown by the pass. A
 * pipeline that was read from a text says where the value stands.
 */
public final class OptionException extends InputException {
    private static final long serialVersionUID = 1L;

    private final String option;

    /**
     * A value that does not fit.
     *
     * @param option  the way to it: {@code count}, an element of a list {@code layers[1]}, a component of a record {@code plan.ratio}
     * @param message one line, as {@link InputException} has it
     */
    public OptionException(String option, String message) {
        super(message);
        this.option = option;
    }

    /** The way to the value. */
    public String option() {
        return option;
    }
}
