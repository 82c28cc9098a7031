// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Ends writes to clients that do not read: a thread that is stuck in one is interrupted, which closes its connection. */
final class WriteGuard implements AutoCloseable {
    /** A write. */
    @FunctionalInterface
    interface Write {
        void run() throws IOException;
    }

    private final Duration longest;
    private final Set<Pending> pending = ConcurrentHashMap.newKeySet();
    private final Thread thread;

    /**
     * @param longest how long a write may take
     */
    WriteGuard(Duration longest) {
        this.longest = longest;
        this.thread = Thread.ofVirtual().name("depthc-write-guard").start(this::run);
    }

    /** Writes; {@link IOException} when the client did not read in time. */
    void write(Write write) throws IOException {
        var entry = new Pending(Thread.currentThread(), System.nanoTime());
        pending.add(entry);
        try {
            write.run();
        } finally {
            pending.remove(entry);
            entry.done();
        }
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(longest.dividedBy(4));
                long now = System.nanoTime();
                pending.forEach(entry -> entry.interruptIfOlder(now, longest.toNanos()));
            }
        } catch (InterruptedException e) {
            // Closed.
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    private static final class Pending {
        private final Thread writer;
        private final long start;
        private boolean done;

        Pending(Thread writer, long start) {
            this.writer = writer;
            this.start = start;
        }

        synchronized void interruptIfOlder(long now, long nanos) {
            if (!done && now - start > nanos) {
                done = true;
                writer.interrupt();
            }
        }

        synchronized void done() {
            done = true;
        }
    }
}
