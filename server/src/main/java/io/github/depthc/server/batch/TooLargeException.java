// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

/** The request's caches would not fit even if it ran alone. */
public final class TooLargeException extends Exception {
    private static final long serialVersionUID = 1L;

    TooLargeException(long needed, long budget) {
        super("the request needs " + needed + " bytes for its KV caches, this server has " + budget
                + " for all together; send a shorter prompt or ask for fewer tokens", null, false, false);
    }
}
