// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * As {@link Interrupts}, for work that leaves something behind: before Ctrl-C ends the process it is said what that is, or it is cleaned up, beside
 * what computes. A second Ctrl-C does not wait for it.
 */
public final class LastWords implements AutoCloseable {
    /** By the numbers that all POSIX systems give them. */
    private static final Map<String, Integer> SIGNALS = Map.of("HUP", 1, "INT", 2, "TERM", 15);

    private final Runnable end;

    private LastWords(Runnable end) {
        this.end = end;
    }

    /**
     * Until this is closed, Ctrl-C has something done and ends the process then.
     *
     * @param words does it, on a thread of its own
     */
    public static LastWords of(Runnable words) {
        var said = new AtomicBoolean();
        return new LastWords(TerminationSignals.handle(List.copyOf(SIGNALS.keySet()), signal -> {
            try {
                if (!said.getAndSet(true)) {
                    words.run();
                }
            } finally {
                Interrupts.end(SIGNALS.get(signal));
            }
        }).orElseGet(() -> Interrupts.endAtOnce()::close));
    }

    @Override
    public void close() {
        end.run();
    }
}
