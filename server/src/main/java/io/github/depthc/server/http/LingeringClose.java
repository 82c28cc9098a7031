// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.helidon.common.buffers.DataReader;
import java.time.Duration;

/**
 * Reads and drops what a client still sends after it was refused. Closing a connection with unread bytes resets it, and a client that
 * is still sending then loses the answer that says why.
 *
 * @param silence how long the client may send nothing
 * @param longest how long it may go on in all
 */
record LingeringClose(Duration silence, Duration longest) {
    /** Returns when the client has closed its end, was silent or went on for too long; the connection is of no use then. */
    void drain(DataReader reader) {
        var drain = new Drain(reader, Thread.currentThread());
        Thread timer = Thread.ofVirtual().name("depthc-lingering-close").start(() -> drain.endInTime(this));
        drain.run();
        timer.interrupt();
    }

    private static final class Drain {
        private final DataReader reader;
        private final Thread thread;
        private long last = System.nanoTime();
        private boolean done;

        Drain(DataReader reader, Thread thread) {
            this.reader = reader;
            this.thread = thread;
        }

        void run() {
            try {
                while (goesOn()) {
                    reader.ensureAvailable();
                    reader.skip(reader.available());
                }
            } catch (RuntimeException e) {
                // The client has closed its end, or the time is over: Helidon has no type for the one and the other.
            }
            end();
        }

        private synchronized boolean goesOn() {
            last = System.nanoTime();
            return !done;
        }

        private synchronized void end() {
            done = true;
            // Of the timer, which may have come first.
            Thread.interrupted();
        }

        void endInTime(LingeringClose times) {
            long start = System.nanoTime();
            try {
                boolean waits = true;
                while (waits) {
                    Thread.sleep(times.silence.dividedBy(4));
                    waits = wait(start, times);
                }
            } catch (InterruptedException e) {
                // It has ended by itself.
            }
        }

        private synchronized boolean wait(long start, LingeringClose times) {
            long now = System.nanoTime();
            if (!done && (now - last > times.silence.toNanos() || now - start > times.longest.toNanos())) {
                done = true;
                // Ends the read, which closes the socket.
                thread.interrupt();
            }
            return !done;
        }
    }
}
