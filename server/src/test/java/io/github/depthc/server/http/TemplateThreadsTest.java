// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.server.api.ApiError;
import io.github.depthc.server.api.Prompt.ChatMessage;
import io.github.depthc.server.chat.ChatTemplate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Templates of many requests at once. */
@Timeout(30)
final class TemplateThreadsTest {
    private static final int REQUESTS = 40;
    private final List<Throwable> failures = new ArrayList<>();

    private ChatTemplate threads(Duration time, Function<List<ChatMessage>, String> body) {
        return new TemplateThreads(new ChatTemplate() {
            @Override
            public String render(List<ChatMessage> messages) {
                return body.apply(messages);
            }

            @Override
            public boolean hasSpecialTokens() {
                return true;
            }

            @Override
            public List<String> stops() {
                return List.of("stop");
            }
        }, time, failures::add);
    }

    /** Virtual threads that compute would hold those that carry all connections. */
    @Test
    void fewRunAtOnceAndNoneOnAVirtualThread() throws Exception {
        var running = new AtomicInteger();
        var most = new AtomicInteger();
        var virtual = new AtomicInteger();
        ChatTemplate template = threads(Duration.ofSeconds(20), messages -> {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            virtual.addAndGet(Thread.currentThread().isVirtual() ? 1 : 0);
            long end = System.nanoTime() + Duration.ofMillis(5).toNanos();
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            running.decrementAndGet();
            return messages.getFirst().content();
        });
        try (var requests = Executors.newVirtualThreadPerTaskExecutor()) {
            var texts = new ArrayList<Future<String>>();
            for (int i = 0; i < REQUESTS; i++) {
                String text = Integer.toString(i);
                texts.add(requests.submit(() -> template.render(List.of(new ChatMessage("user", text)))));
            }
            for (int i = 0; i < REQUESTS; i++) {
                assertEquals(Integer.toString(i), texts.get(i).get());
            }
        }
        assertEquals(0, virtual.get());
        assertTrue(most.get() <= Math.max(1, Runtime.getRuntime().availableProcessors() / 4), () -> most + " at once");
        assertEquals(List.of("stop"), template.stops());
    }

    @Test
    void whoWaitsTooLongIsToldToComeBack() throws InterruptedException {
        var end = new CountDownLatch(1);
        ChatTemplate template = threads(Duration.ofMillis(50), messages -> {
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return "";
        });
        ApiError e = assertThrows(ApiError.class, () -> template.render(List.of()));
        end.countDown();
        assertEquals(503, e.status());
        assertFalse(e.getMessage().isEmpty());
    }

    /** The server's log has what only its owner can mend. */
    @Test
    void aBrokenTemplateIsReported() {
        ApiError refused = ApiError.field("messages", "refused");
        ApiError broken = ApiError.server(500, "broken");
        assertSame(refused, assertThrows(ApiError.class, () -> threads(Duration.ofSeconds(5), messages -> {
            throw refused;
        }).render(List.of())));
        assertEquals(List.of(), failures);
        assertSame(broken, assertThrows(ApiError.class, () -> threads(Duration.ofSeconds(5), messages -> {
            throw broken;
        }).render(List.of())));
        assertEquals(List.of(broken), failures);
    }
}
