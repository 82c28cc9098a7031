// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

/** As many requests wait already as may. */
public final class BusyException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int retryAfter;

    BusyException(int requests, int retryAfter) {
        super(requests + " requests wait or run, as many as may; try again in " + retryAfter + " s", null, false, false);
        this.retryAfter = retryAfter;
    }

    /** Seconds after which it is worth to try again. */
    public int retryAfter() {
        return retryAfter;
    }
}
