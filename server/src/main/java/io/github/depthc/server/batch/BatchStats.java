// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/** What the batch has done and is doing, for metrics. Thread-safe. */
public final class BatchStats {
    private final LongAdder promptTokens = new LongAdder();
    private final LongAdder newTokens = new LongAdder();
    private final LongAdder steps = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder computeNanos = new LongAdder();
    private final AtomicLongArray kept;
    private final AtomicLongArray outcomes = new AtomicLongArray(Outcome.values().length);
    private final Histogram firstToken = new Histogram();
    private final AtomicLong kvUsed = new AtomicLong();
    private final AtomicLong kvReserved = new AtomicLong();
    private final AtomicLong kvDense = new AtomicLong();

    BatchStats(int layers) {
        kept = new AtomicLongArray(layers);
    }

    void prompt(PromptCost cost) {
        promptTokens.add(cost.tokens());
        for (int l = 0; l < cost.kept().length; l++) {
            kept.addAndGet(l, cost.kept()[l]);
        }
    }

    void firstToken(double seconds) {
        firstToken.add(seconds);
    }

    void token() {
        newTokens.increment();
    }

    void computed(long nanos, boolean step) {
        computeNanos.add(nanos);
        if (step) {
            steps.increment();
        }
    }

    void ended(Outcome outcome) {
        outcomes.incrementAndGet(outcome.ordinal());
    }

    void refuse() {
        refused.increment();
    }

    void kv(long used, long reserved, long dense) {
        kvUsed.set(used);
        kvReserved.set(reserved);
        kvDense.set(dense);
    }

    /** Tokens of all prompts that have been run. */
    public long promptTokens() {
        return promptTokens.sum();
    }

    /** New tokens of all requests. */
    public long newTokens() {
        return newTokens.sum();
    }

    /** Decode steps. */
    public long steps() {
        return steps.sum();
    }

    /** Seconds in which the engine computed. */
    public double computeSeconds() {
        return computeNanos.sum() / 1e9;
    }

    /** Requests that were refused because too many waited. */
    public long refused() {
        return refused.sum();
    }

    /** Requests that ended so. */
    public long endedBy(Outcome outcome) {
        return outcomes.get(outcome.ordinal());
    }

    /** Number of layers. */
    public int layers() {
        return kept.length();
    }

    /** Prompt tokens that a layer processed. */
    public long kept(int layer) {
        return kept.get(layer);
    }

    /** Seconds from the arrival of a request to its first token. */
    public Histogram.Counts firstToken() {
        return firstToken.counts();
    }

    /** Bytes of keys and values of the running requests. */
    public long kvUsed() {
        return kvUsed.get();
    }

    /** Bytes of memory that the caches of the running requests have. */
    public long kvReserved() {
        return kvReserved.get();
    }

    /** Bytes that keys and values of a dense model would take for the same tokens. */
    public long kvDense() {
        return kvDense.get();
    }
}
