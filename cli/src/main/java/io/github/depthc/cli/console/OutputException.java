// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.io.IOException;
import java.io.UncheckedIOException;

/** Standard output could not be written. */
public final class OutputException extends UncheckedIOException {
    private static final long serialVersionUID = 1L;

    private final boolean readerGone;

    OutputException(boolean readerGone, IOException cause) {
        super("standard output: " + cause.getMessage(), cause);
        this.readerGone = readerGone;
    }

    /** True when whoever read the output has stopped, as {@code head} does: no reason to complain. */
    public boolean readerGone() {
        return readerGone;
    }
}
