// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.KeptTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.ir.InputException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Runs requests together on one engine. Prompts are taken from the queue in the order in which they came, between two decode steps;
 * each request's tokens are the same as alone, because an engine's rows do not depend on each other and each has a sampler of its own.
 */
public final class BatchRunner implements AutoCloseable {
    /** ONNX Runtime computes on the calling thread too, and its kernels need more stack than Java threads have. */
    private static final long STACK = 16L << 20;
    /** Prompts run together while their padded tokens are at most this many: more would keep the running requests waiting. */
    private static final int PREFILL_TOKENS = 1024;
    private static final int LONGEST_RETRY = 60;

    private final Engine engine;
    private final BatchLimits limits;
    private final Consumer<Throwable> failures;
    private final BatchStats stats;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Generation> waiting = new ArrayDeque<>();
    // Generations that have left the queue and not ended; written by the thread that computes.
    private int running;
    private boolean draining;
    private boolean stopped;

    // Of the thread that computes alone.
    private final List<BatchRow> rows = new ArrayList<>();

    /**
     * Starts the thread that computes; {@link #close} ends it. The engine stays the caller's, who leaves it alone meanwhile.
     *
     * @param failures is told what made requests fail
     * @throws InputException if the caches of not even the smallest request fit
     */
    public BatchRunner(Engine engine, BatchLimits limits, Consumer<Throwable> failures) {
        long least = engine.kvBytesReserved(List.of(KvPlan.entries(engine.info(), BatchPrompt.of(0), 1)));
        if (least > limits.kvBytes()) {
            throw new InputException("the memory for KV caches is " + limits.kvBytes() + (limits.kvBytes() == 1 ? " byte" : " bytes") + ", and a request of one token takes " + least
                    + "; give more with --kv-budget, and as much for each token of the longest request that is to be answered");
        }
        this.engine = engine;
        this.limits = limits;
        this.failures = failures;
        this.stats = new BatchStats(engine.info().layers().size());
        this.thread = Thread.ofPlatform().name("depthc-engine").stackSize(STACK).unstarted(this::run);
        thread.start();
    }

    /** What has been done. */
    public BatchStats stats() {
        return stats;
    }

    /** Whether new requests are taken. */
    public boolean accepts() {
        lock.lock();
        try {
            return !draining && !stopped;
        } finally {
            lock.unlock();
        }
    }

    /** Requests that wait. */
    public int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /** Requests that run. */
    public int running() {
        lock.lock();
        try {
            return running;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Puts a request in the queue.
     *
     * @throws BusyException     when too many wait
     * @throws TooLargeException when its caches do not fit even alone
     * @throws StoppedException  when nothing new is taken
     */
    public Generation submit(GenerationRequest request) throws BusyException, TooLargeException, StoppedException {
        int[] entries = KvPlan.entries(engine.info(), request.prompt(), request.newTokens());
        long needed = engine.kvBytesReserved(List.of(entries));
        if (needed > limits.kvBytes()) {
            throw new TooLargeException(needed, limits.kvBytes());
        }
        var generation = new Generation(request, entries, limits.unread());
        lock.lock();
        try {
            if (draining || stopped) {
                throw new StoppedException();
            }
            int present = waiting.size() + running;
            if (present >= limits.requests()) {
                stats.refuse();
                throw new BusyException(present, retryAfter());
            }
            waiting.add(generation);
            changed.signalAll();
            return generation;
        } finally {
            lock.unlock();
        }
    }

    // The time in which as many requests as run now will have ended, by the mean of those that have.
    private int retryAfter() {
        long ended = Stream.of(Outcome.values()).mapToLong(stats::endedBy).sum();
        double each = ended == 0 ? 1 : stats.computeSeconds() / ended;
        return (int) Math.clamp(Math.ceil(each * Math.max(1, running)), 1, LONGEST_RETRY);
    }

    /**
     * Takes nothing new and waits until what is there has ended.
     *
     * @return whether it has in this time
     * @throws InterruptedException if the thread is interrupted
     */
    public boolean drain(Duration longest) throws InterruptedException {
        long left = longest.toNanos();
        lock.lock();
        try {
            draining = true;
            while (waiting.size() + running > 0 && left > 0) {
                left = changed.awaitNanos(left);
            }
            return waiting.size() + running == 0;
        } finally {
            lock.unlock();
        }
    }

    /** Ends all requests and the thread that computes. */
    @Override
    public void close() {
        lock.lock();
        try {
            stopped = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (awaitWork()) {
                endUnwanted();
                List<BatchRow> joined = admit();
                if (!joined.isEmpty()) {
                    prefill(joined);
                }
                if (!rows.isEmpty()) {
                    step();
                }
                measure();
            }
        } catch (RuntimeException | Error e) {
            failures.accept(e);
        } finally {
            endAll();
        }
    }

    private void endAll() {
        lock.lock();
        try {
            stopped = true;
            List.copyOf(rows).forEach(row -> end(row, Outcome.SHUTDOWN));
            waiting.forEach(g -> finish(g, Outcome.SHUTDOWN, 0));
            waiting.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        measure();
    }

    // Something to do; false at the end.
    private boolean awaitWork() {
        lock.lock();
        try {
            while (rows.isEmpty() && waiting.isEmpty() && !stopped) {
                changed.awaitUninterruptibly();
            }
            return !stopped;
        } finally {
            lock.unlock();
        }
    }

    private void endUnwanted() {
        long now = System.nanoTime();
        for (BatchRow row : List.copyOf(rows)) {
            unwanted(row.generation, now).ifPresent(why -> end(row, why));
        }
        lock.lock();
        try {
            waiting.removeIf(g -> {
                Optional<Outcome> why = unwanted(g, now);
                why.ifPresent(w -> finish(g, w, 0));
                return why.isPresent();
            });
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private static Optional<Outcome> unwanted(Generation generation, long now) {
        return generation.unwanted().or(() -> generation.isLate(now) ? Optional.of(Outcome.TIMEOUT) : Optional.empty());
    }

    // The first of the queue, as many as there is room and memory for. The order is kept: a large request is not overtaken for ever.
    private List<BatchRow> admit() {
        var joined = new ArrayList<BatchRow>();
        var entries = new ArrayList<>(rows.stream().map(r -> r.generation.entries()).toList());
        int longest = 0;
        lock.lock();
        try {
            while (!waiting.isEmpty() && rows.size() + joined.size() < limits.rows()) {
                Generation next = waiting.peek();
                longest = Math.max(longest, next.request().prompt().tokens());
                entries.add(next.entries());
                if (!joined.isEmpty() && (next.request().routing() || joined.getFirst().generation.request().routing())) {
                    break;
                }
                if (!joined.isEmpty() && longest * (joined.size() + 1L) > PREFILL_TOKENS
                        || engine.kvBytesReserved(entries) > limits.kvBytes()) {
                    break;
                }
                waiting.remove();
                running++;
                joined.add(new BatchRow(next, engine.open()));
            }
        } finally {
            lock.unlock();
        }
        return joined;
    }

    private void prefill(List<BatchRow> admitted) {
        long start = System.nanoTime();
        var joined = new ArrayList<BatchRow>();
        var prompts = new ArrayList<PromptInput>();
        for (BatchRow row : admitted) {
            try {
                prompts.add(row.generation.request().prompt().input().get());
                joined.add(row);
            } catch (RuntimeException | Error e) {
                fail(List.of(row), e);
            }
        }
        if (joined.isEmpty()) {
            return;
        }
        List<Slot> slots = joined.stream().map(r -> r.slot).toList();
        StepOutput output;
        Map<Integer, int[]> which = new TreeMap<>();
        try {
            output = joined.getFirst().generation.request().routing() ? engine.prefill(slots.getFirst(), prompts.getFirst(), which) : engine.prefill(slots, prompts);
        } catch (RuntimeException | Error e) {
            fail(joined, e);
            return;
        }
        stats.computed(System.nanoTime() - start, false);
        rows.addAll(joined);
        for (BatchRow row : joined) {
            BundleInfo info = engine.info();
            BatchPrompt prompt = row.generation.request().prompt();
            int tokens = prompt.tokens();
            var cost = new PromptCost(tokens, prompt.images(), KeptTokens.of(info.layers(), tokens, prompt.candidates().count(tokens, info.candidates()),
                    row.slot.cacheLengths()), which);
            row.generation.prefilled(cost);
            stats.prompt(cost);
        }
        take(joined, output);
    }

    private void step() {
        List<BatchRow> now = List.copyOf(rows);
        List<Slot> slots = now.stream().map(r -> r.slot).toList();
        int[] tokens = now.stream().mapToInt(BatchRow::last).toArray();
        long start = System.nanoTime();
        StepOutput output;
        try {
            output = engine.step(slots, tokens);
        } catch (RuntimeException | Error e) {
            fail(now, e);
            return;
        }
        stats.computed(System.nanoTime() - start, true);
        take(now, output);
    }

    private void take(List<BatchRow> of, StepOutput output) {
        for (int r = 0; r < of.size(); r++) {
            BatchRow row = of.get(r);
            Optional<Outcome> ended = row.take(output, r, engine.info().tokens().eos());
            stats.token();
            if (row.isFirst()) {
                stats.firstToken(row.generation.secondsSinceArrival());
            }
            ended.ifPresent(how -> end(row, how));
        }
    }

    private void fail(List<BatchRow> failed, Throwable why) {
        failures.accept(why);
        failed.forEach(row -> end(row, Outcome.FAILED));
    }

    private void end(BatchRow row, Outcome how) {
        long bytes = row.slot.kvBytesUsed();
        row.slot.close();
        rows.remove(row);
        lock.lock();
        try {
            running--;
            finish(row.generation, how, bytes);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void finish(Generation generation, Outcome how, long kvBytes) {
        stats.ended(how);
        generation.end(how, kvBytes);
    }

    private void measure() {
        long used = 0;
        long reserved = 0;
        long dense = 0;
        for (BatchRow row : rows) {
            used += row.slot.kvBytesUsed();
            reserved += row.slot.kvBytesReserved();
            dense += KvPlan.denseBytes(engine, row.slot.length());
        }
        stats.kv(used, reserved, dense);
    }
}
