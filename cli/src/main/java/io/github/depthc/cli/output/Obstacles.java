// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.output;

import io.github.depthc.cli.console.Console;
import io.github.depthc.ir.InputException;
import java.io.IOException;

/** What stands in the way of writing: a failure at once, unless nothing is to be written and it is only to be told. */
public final class Obstacles {
    private final boolean told;
    private String first;

    /**
     * Nothing so far.
     *
     * @param told whether obstacles are only told
     */
    public Obstacles(boolean told) {
        this.told = told;
    }

    /** Something that must be so before anything is written, else it throws. */
    @FunctionalInterface
    public interface Requirement {
        /** {@link InputException} or {@link IOException} if it is not so. */
        void check() throws IOException;
    }

    /** Checks a requirement. */
    public void check(Requirement requirement) throws IOException {
        try {
            requirement.check();
        } catch (InputException | IOException e) {
            if (!told) {
                throw e;
            }
            first = first == null ? e.getMessage() : first;
        }
    }

    /** Tells the first one that was found, if any. */
    public void print(Console console) {
        if (first != null) {
            console.note("Without --dry-run this would fail: " + first);
        }
    }
}
