// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

/**
 * How much is taken on.
 *
 * @param requests requests that wait or run, at most
 * @param rows     requests that run together, at most
 * @param kvBytes  memory for the caches of those that run
 * @param unread   tokens that a client may leave unread before its request is cancelled
 */
public record BatchLimits(int requests, int rows, long kvBytes, int unread) {
    public BatchLimits {
        if (requests < 1 || rows < 1 || kvBytes < 1 || unread < 1) {
            throw new IllegalArgumentException(requests + " requests, " + rows + " rows, " + kvBytes + " bytes, " + unread + " unread");
        }
    }
}
