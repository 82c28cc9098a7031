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
    private static final int NAME = 26;
    /** As long as the figures behind the bar may be: {@code 10.0 %, 59 min 59 s left}, and one more. */
    private static final int FIGURES = 25;

    private final Console console;
    /** Of the terminal; 0 where there is none. */
    private final int columns;
    private final LongSupplier clock;
    private long next;
    /** When the work began that is going on, how much it is, and how much of it was done when that was last told. */
    private long since;
    private long whole;
    private long before;
    private int drawn;

    Progress(Console console, int columns, LongSupplier clock) {
        this.console = console;
        this.columns = columns;
        this.clock = clock;
        since = clock.getAsLong();
        next = since + (columns > 0 ? FIRST_DRAWN : PRINTED_EVERY);
    }

    @Override
    public void at(String work, long done, long total) {
        synchronized (console) {
            long now = clock.getAsLong();
            // a new name is no new work, for several files may be written at once; nor is a better guess of how much there is
            if (done == 0 || total != whole && done < before) {
                since = now;
            }
            whole = total;
            before = done;
            if (now < next) {
                return;
            }
            next = now + (columns > 0 ? DRAWN_EVERY : PRINTED_EVERY);
            double part = total <= 0 ? 1 : Math.clamp((double) done / total, 0, 1);
            String figures = Units.percent(part)
                    + (part > 0.02 && part < 1 ? ", " + Units.duration((now - since) / 1e9 * (1 - part) / part) + " left" : "");
            if (columns > 0) {
                String line = fit(shorten(Controls.shown(work)), Bars.bar(part, BAR, console.unicodeErr()) + "  ", figures);
                erase();
                console.raw(line);
                drawn = line.length();
            } else {
                console.raw("depthc: " + shorten(Controls.shown(work)) + "  " + figures + "\n");
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
        end();
    }

    /** Takes the line away for good, though the work may go on. */
    public void end() {
        synchronized (console) {
            erase();
            next = Long.MAX_VALUE;
        }
    }

    /** A line that the terminal does not break, because a broken one could not be taken away again. */
    private String fit(String name, String bar, String figures) {
        String line = name + "  " + (name.length() + 2 + bar.length() + FIGURES < columns ? bar : "") + figures;
        return line.substring(0, Math.min(line.length(), columns - 1));
    }

    private static String shorten(String work) {
        return work.length() <= NAME ? work : "…" + work.substring(work.length() - NAME + 1);
    }
}
