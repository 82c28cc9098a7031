// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.helidon.common.buffers.DataReader;
import io.helidon.webserver.ServerConnectionException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;

/**
 * Notices that a client which waits for its answer has gone: nothing more comes from it but the end of the stream. The connection
 * cannot be used for another request afterwards, because the watching thread goes on reading it.
 */
final class ClientWatch {
    private final DataReader reader;
    private final Runnable gone;

    /**
     * @param gone is called, by another thread, when the client has closed its end
     */
    ClientWatch(DataReader reader, Runnable gone) {
        this.reader = reader;
        this.gone = gone;
    }

    /** Begins to watch; closing the connection ends it. */
    void start() {
        Thread.ofVirtual().name("depthc-client-watch").start(this::watch);
    }

    private void watch() {
        try {
            while (!sendsMore()) {
                // The connection's read timeout has passed: the client waits, as it should.
            }
        } catch (RuntimeException e) {
            gone.run();
        }
    }

    private boolean sendsMore() {
        try {
            reader.ensureAvailable();
            return true;
        } catch (ServerConnectionException e) {
            if (e.getCause() instanceof UncheckedIOException io && io.getCause() instanceof SocketTimeoutException) {
                return false;
            }
            throw e;
        }
    }
}
