// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import io.github.depthc.backend.bundle.WriteProgress;
import io.github.depthc.passes.api.PassContext;
import java.util.function.LongSupplier;

/**
 * One line on standard error that says how far some work is. On a terminal it is drawn again and again, once the work has
 * taken a moment; elsewhere a line is printed now and then, if the work is slow. May be told from several threads.
 */
public final class Progress implements PassContext.Progress, WriteProgress, AutoCloseable {
    private static final long MILLI = 1_000_000;
    private static final long FIRST_DRAWN = 400 * MILLI;
    private static final long DRAWN_EVERY = 100 * MILLI;
    private static final long PRINTED_EVERY = 10_000 * MILLI;
    private static final int BAR = 24;
    private static final int NAME = 32;

    private final Console console;
    private final boolean terminal;
    private final LongSupplier clock;
    private long next;
    private String what = "";
    private long since;
    private int drawn;

    Progress(Console console, boolean terminal, LongSupplier clock) {
        this.console = console;
        this.terminal = terminal;
        this.clock = clock;
        since = clock.getAsLong();
        next = since + (terminal ? FIRST_DRAWN : PRINTED_EVERY);
    }

    @Override
    public void at(String work, long done, long total) {
        synchronized (console) {
            long now = clock.getAsLong();
            if (!work.equals(what)) {
                what = work;
                since = now;
            }
            if (now < next) {
                return;
            }
            next = now + (terminal ? DRAWN_EVERY : PRINTED_EVERY);
            double part = total <= 0 ? 1 : Math.clamp((double) done / total, 0, 1);
            String line = shorten(work) + "  " + (terminal ? Bars.bar(part, BAR, console.unicodeErr()) + "  " : "") + Units.percent(part)
                    + (part > 0.02 && part < 1 ? ", " + Units.duration((now - since) / 1e9 * (1 - part) / part) + " left" : "");
            if (terminal) {
                erase();
                console.raw(line);
                drawn = line.length();
            } else {
                console.raw("depthc: " + line + "\n");
            }
        }
    }

    /** Takes the line away; the next {@link #at} draws it again. */
    void erase() {
        if (drawn > 0) {
            console.raw("\r" + " ".repeat(drawn) + "\r");
            drawn = 0;
        }
    }

    @Override
    public void close() {
        synchronized (console) {
            erase();
            next = Long.MAX_VALUE;
        }
    }

    private static String shorten(String work) {
        return work.length() <= NAME ? work : "…" + work.substring(work.length() - NAME + 1);
    }
}
