// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A request under way, seen by whoever sent it: tokens come out in order, then the outcome. The thread that computes puts tokens in
 * and never waits for the reader.
 */
public final class Generation {
    /** What {@link #next} gives when no token came. */
    public static final int NONE = -1;

    private final GenerationRequest request;
    private final int[] entries;
    private final long arrived = System.nanoTime();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final int[] unread;
    private int first;
    private int count;
    private Outcome unwanted;
    private Outcome outcome;
    private PromptCost cost;
    private long kvBytes;

    /**
     * @param entries entries in each layer's cache at the end
     * @param unread  tokens that may wait for the reader
     */
    Generation(GenerationRequest request, int[] entries, int unread) {
        this.request = request;
        this.entries = entries;
        this.unread = new int[Math.min(unread, request.newTokens())];
    }

    GenerationRequest request() {
        return request;
    }

    int[] entries() {
        return entries;
    }

    boolean isLate(long now) {
        return now - arrived > request.time().toNanos();
    }

    double secondsSinceArrival() {
        return (System.nanoTime() - arrived) / 1e9;
    }

    /** Another token; false when the reader has left too many. */
    boolean put(int token) {
        lock.lock();
        try {
            if (count == unread.length) {
                return false;
            }
            unread[(first + count++) % unread.length] = token;
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    void prefilled(PromptCost prompt) {
        lock.lock();
        try {
            cost = prompt;
        } finally {
            lock.unlock();
        }
    }

    /** The end; only the first call counts. */
    void end(Outcome how, long kvBytesUsed) {
        lock.lock();
        try {
            if (outcome == null) {
                outcome = how;
                kvBytes = kvBytesUsed;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** How its reader ended it, if it did. */
    Optional<Outcome> unwanted() {
        lock.lock();
        try {
            return Optional.ofNullable(unwanted);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The next token; {@link #NONE} when none came in this time, or none comes any more because {@link #outcome} is known.
     *
     * @throws InterruptedException if the thread is interrupted
     */
    public int next(Duration longest) throws InterruptedException {
        long left = longest.toNanos();
        lock.lock();
        try {
            while (count == 0 && outcome == null && left > 0) {
                left = changed.awaitNanos(left);
            }
            if (count == 0) {
                return NONE;
            }
            int token = unread[first];
            first = (first + 1) % unread.length;
            count--;
            return token;
        } finally {
            lock.unlock();
        }
    }

    /** How it ended; empty while tokens may still come or are unread. What is unread when a request fails is dropped. */
    public Optional<Outcome> outcome() {
        lock.lock();
        try {
            return Optional.ofNullable(outcome).filter(o -> count == 0 || !o.complete());
        } finally {
            lock.unlock();
        }
    }

    /** What the prompt cost; empty until it has been run. */
    public Optional<PromptCost> cost() {
        lock.lock();
        try {
            return Optional.ofNullable(cost);
        } finally {
            lock.unlock();
        }
    }

    /** Bytes of keys and values at the end. */
    public long kvBytes() {
        lock.lock();
        try {
            return kvBytes;
        } finally {
            lock.unlock();
        }
    }

    /** What was wanted is there, and no more tokens are: the slot is freed before the next step. */
    public void stop() {
        unwanted(Outcome.STOP);
    }

    /** No more tokens are wanted: the slot is freed before the next step. After {@link #stop} it changes nothing. */
    public void cancel() {
        unwanted(Outcome.CANCELLED);
    }

    private void unwanted(Outcome how) {
        lock.lock();
        try {
            if (unwanted == null) {
                unwanted = how;
            }
        } finally {
            lock.unlock();
        }
    }
}
