// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.SamplingOptions;
import io.github.depthc.ir.InputException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class BatchRunnerTest {
    private static final int ALL = 1 << 20;
    private static final Duration LONG = Duration.ofSeconds(30);

    private final FakeEngine engine = new FakeEngine();
    private final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    private BatchRunner runner;

    @AfterEach
    void close() {
        engine.permits.release(ALL);
        runner.close();
    }

    private void start(int requests, int rows, long kvBytes, int unread) {
        runner = new BatchRunner(engine, new BatchLimits(requests, rows, kvBytes, unread), failures::add);
    }

    private static GenerationRequest request(int first, int newTokens) {
        return new GenerationRequest(BatchPrompt.of(7, first), newTokens, SamplingOptions.GREEDY, false, Duration.ofMinutes(5));
    }

    private static List<Integer> tokens(Generation g) throws InterruptedException {
        var tokens = new ArrayList<Integer>();
        while (g.outcome().isEmpty()) {
            int token = g.next(LONG);
            if (token != Generation.NONE) {
                tokens.add(token);
            }
        }
        return tokens;
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "waited for too long");
            Thread.sleep(2);
        }
    }

    @Test
    void aRequestGetsItsTokensAndItsCost() throws Exception {
        start(4, 4, ALL, 100);
        engine.permits.release(ALL);
        Generation g = runner.submit(request(10, 4));
        assertEquals(List.of(11, 12, 13, 14), tokens(g));
        assertEquals(Optional.of(Outcome.LENGTH), g.outcome());
        assertEquals(2, g.cost().orElseThrow().tokens());
        assertEquals(5 * FakeEngine.BYTES, g.kvBytes(), "the last token is not fed back");
        await(() -> engine.open.isEmpty());
        assertEquals(4, runner.stats().newTokens());
    }

    @Test
    void aPromptThatCannotBeMadeFailsAlone() throws Exception {
        start(4, 4, ALL, 100);
        Generation well = runner.submit(request(10, 2));
        var failing = new BatchPrompt(3, 2, CandidateTokens.DEFAULT, () -> {
            throw new IllegalStateException("the tower fails");
        });
        Generation ill = runner.submit(new GenerationRequest(failing, 2, SamplingOptions.GREEDY, false, Duration.ofMinutes(5)));
        engine.permits.release(ALL);
        assertEquals(List.of(11, 12), tokens(well));
        assertEquals(List.of(), tokens(ill));
        assertEquals(Optional.of(Outcome.FAILED), ill.outcome());
        await(() -> engine.open.isEmpty() && runner.running() == 0);
        assertEquals(List.of("the tower fails"), failures.stream().map(Throwable::getMessage).toList());
        assertTrue(runner.accepts());
    }

    @Test
    void anEndTokenEndsARequest() throws Exception {
        start(4, 4, ALL, 100);
        engine.permits.release(ALL);
        Generation g = runner.submit(request(997, 50));
        assertEquals(List.of(998, 999), tokens(g));
        assertEquals(Optional.of(Outcome.EOS), g.outcome());
    }

    /** Stopped before its end, and then cancelled, as readers do with all that they leave. */
    @Test
    void whatIsStoppedIsNotCancelled() throws Exception {
        start(4, 4, ALL, 100);
        Generation g = runner.submit(request(10, 50));
        engine.permits.release(2);
        assertEquals(11, g.next(LONG));
        g.stop();
        g.cancel();
        engine.permits.release(ALL);
        await(() -> runner.running() == 0);
        assertEquals(1, runner.stats().endedBy(Outcome.STOP));
        assertEquals(0, runner.stats().endedBy(Outcome.CANCELLED));
        assertTrue(runner.stats().newTokens() < 50);
    }

    @Test
    void aBudgetThatNoRequestFitsIsRefused() {
        var e = assertThrows(InputException.class, () -> new BatchRunner(engine, new BatchLimits(1, 1, 1, 1), failures::add));
        assertTrue(e.getMessage().startsWith("the memory for KV caches is 1 byte, and a request of one token takes "), e.getMessage());
        start(1, 1, ALL, 1);
    }

    @Test
    void aRequestJoinsBetweenTwoSteps() throws Exception {
        start(4, 4, ALL, 100);
        Generation first = runner.submit(request(10, 4));
        await(() -> engine.permits.hasQueuedThreads());
        engine.permits.release(1); // its prompt
        assertEquals(11, first.next(LONG));
        await(() -> engine.permits.hasQueuedThreads()); // in its first step
        Generation second = runner.submit(request(20, 2));
        engine.permits.release(ALL);
        assertEquals(List.of(12, 13, 14), tokens(first));
        assertEquals(List.of(21, 22), tokens(second));
        assertEquals(List.of(1, 2, 1), engine.steps);
    }

    @Test
    void whenAsManyWaitAsMayOthersAreRefused() throws Exception {
        start(2, 1, ALL, 100);
        runner.submit(request(1, 2));
        runner.submit(request(2, 2));
        BusyException e = assertThrows(BusyException.class, () -> runner.submit(request(3, 2)));
        assertTrue(e.retryAfter() >= 1 && e.retryAfter() <= 60);
        assertEquals(1, runner.stats().refused());
        engine.permits.release(ALL);
        await(() -> runner.waiting() + runner.running() == 0);
        assertEquals(List.of(5), tokens(runner.submit(request(4, 1))), "there is room again");
    }

    @Test
    void cachesStayWithinTheBudget() throws Exception {
        // Entries at the end: 2 + 9 = 11 for each of the three; two of them together have 176 bytes.
        start(10, 10, 180, 100);
        var all = new ArrayList<Generation>();
        for (int i = 0; i < 3; i++) {
            all.add(runner.submit(request(10 * i, 10)));
        }
        engine.permits.release(ALL);
        for (Generation g : all) {
            assertEquals(10, tokens(g).size());
        }
        assertEquals(2, Collections.max(engine.steps));
        TooLargeException e = assertThrows(TooLargeException.class, () -> runner.submit(request(1, 30)));
        assertTrue(e.getMessage().startsWith("the request needs 248 bytes for its KV caches, this server has 180"), e.getMessage());
    }

    @Test
    void aCancelledRequestFreesItsSlotBeforeTheNextStep() throws Exception {
        start(4, 4, ALL, 100);
        Generation gone = runner.submit(request(10, 400));
        engine.permits.release(2);
        await(() -> engine.open.size() == 1 && engine.permits.availablePermits() == 0);
        gone.cancel();
        engine.permits.release(1);
        await(() -> gone.outcome().isPresent());
        await(() -> engine.open.isEmpty());
        assertEquals(1, runner.stats().endedBy(Outcome.CANCELLED));
    }

    @Test
    void aCancelledRequestLeavesTheQueue() throws Exception {
        start(4, 1, ALL, 100);
        Generation first = runner.submit(request(10, 3));
        await(() -> engine.permits.hasQueuedThreads());
        Generation second = runner.submit(request(20, 3));
        second.cancel();
        engine.permits.release(2); // the first's prompt and a step
        await(() -> second.outcome().isPresent());
        engine.permits.release(ALL);
        assertEquals(List.of(11, 12, 13), tokens(first));
        assertEquals(-1, second.next(Duration.ZERO));
    }

    @Test
    void aSlowReaderIsCancelledAndHoldsNobodyUp() throws Exception {
        start(4, 4, ALL, 5);
        engine.permits.release(ALL);
        Generation slow = runner.submit(request(10, 100));
        Generation other = runner.submit(request(20, 5));
        assertEquals(List.of(21, 22, 23, 24, 25), tokens(other));
        await(() -> slow.outcome().isPresent());
        assertEquals(Optional.of(Outcome.SLOW_READER), slow.outcome());
        await(() -> engine.open.isEmpty());
    }

    @Test
    void timeIsLimitedAlsoForThoseThatWait() throws Exception {
        start(4, 1, ALL, 100);
        Generation first = runner.submit(request(10, 3));
        await(() -> engine.permits.hasQueuedThreads());
        Generation late = runner.submit(new GenerationRequest(BatchPrompt.of(1), 3, SamplingOptions.GREEDY, false, Duration.ofMillis(1)));
        Thread.sleep(20);
        engine.permits.release(ALL);
        await(() -> late.outcome().isPresent());
        assertEquals(Optional.of(Outcome.TIMEOUT), late.outcome());
        assertEquals(3, tokens(first).size());
    }

    @Test
    void aFailureEndsWhatRanAndNothingElse() throws Exception {
        start(4, 4, ALL, 100);
        engine.failure = new IllegalStateException("broken");
        Generation g = runner.submit(request(10, 3));
        engine.permits.release(1);
        await(() -> g.outcome().isPresent());
        assertEquals(Optional.of(Outcome.FAILED), g.outcome());
        assertEquals("broken", failures.getFirst().getMessage());
        engine.failure = null;
        engine.permits.release(ALL);
        assertEquals(List.of(21, 22), tokens(runner.submit(request(20, 2))));
    }

    @Test
    void drainingFinishesWhatIsThere() throws Exception {
        start(4, 1, ALL, 100);
        Generation first = runner.submit(request(10, 3));
        Generation second = runner.submit(request(20, 3));
        assertFalse(runner.drain(Duration.ofMillis(5)));
        assertThrows(StoppedException.class, () -> runner.submit(request(30, 3)));
        engine.permits.release(ALL);
        assertTrue(runner.drain(LONG));
        assertEquals(3, tokens(first).size());
        assertEquals(3, tokens(second).size());
    }

    @Test
    void closingEndsWhatIsThere() throws Exception {
        start(4, 1, ALL, 100);
        Generation runs = runner.submit(request(10, 300));
        Generation waits = runner.submit(request(20, 3));
        await(() -> engine.permits.hasQueuedThreads());
        var closed = new CountDownLatch(1);
        Thread.ofVirtual().start(() -> {
            runner.close();
            closed.countDown();
        });
        await(() -> {
            try {
                runner.submit(request(1, 1)).cancel();
                return false;
            } catch (StoppedException e) {
                return true;
            } catch (BusyException | TooLargeException e) {
                return false;
            }
        });
        engine.permits.release(2);
        closed.await();
        await(() -> runs.outcome().isPresent());
        await(() -> waits.outcome().isPresent());
        assertEquals(Optional.of(Outcome.SHUTDOWN), waits.outcome());
        assertTrue(engine.open.isEmpty());
    }
}
