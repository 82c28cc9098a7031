// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Origin;
import java.util.Optional;

/** A pass failed by its own fault; the message names it, where it comes from, and the passes that ran before. */
public final class PassException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PassException(String message, Throwable cause) {
        super(message, cause);
    }

    /** For what came out of a plug-in's code where none was expected; empty for what did not. */
    public static Optional<PassException> ofPlugin(Throwable e) {
        return PluginLoader.running(e).map(who -> new PassException(who + "() failed: " + Origin.words(e), e));
    }
}
