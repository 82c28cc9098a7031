// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

/** The server takes nothing new: it is shutting down. */
public final class StoppedException extends Exception {
    private static final long serialVersionUID = 1L;

    StoppedException() {
        super("the server is shutting down", null, false, false);
    }
}
