// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import java.util.Locale;

/** How a request ended. */
public enum Outcome {
    /** An end token came. */
    EOS,
    /** As many tokens as were asked for. */
    LENGTH,
    /** What its reader waited for came, a stop string, before it ended by itself. */
    STOP,
    /** Its client wants no more: it is gone. */
    CANCELLED,
    /** Its client left too many tokens unread. */
    SLOW_READER,
    /** Its time was over. */
    TIMEOUT,
    /** The server ended. */
    SHUTDOWN,
    /** The runtime failed. */
    FAILED;

    /** Whether all that was asked for was given. */
    public boolean complete() {
        return this == EOS || this == LENGTH || this == STOP;
    }

    /** The name in metrics. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
