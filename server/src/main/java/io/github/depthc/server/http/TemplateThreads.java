// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.github.depthc.server.api.ApiError;
import io.github.depthc.server.api.Prompt.ChatMessage;
import io.github.depthc.server.chat.ChatTemplate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Runs a template on few threads of its own. It comes with a model from anywhere, and may compute for a second: on the virtual thread of its request it would hold one of the
 * threads that carry all connections, and as many such requests as there are cores would stop the server.
 */
final class TemplateThreads implements ChatTemplate {
    private static final int AT_ONCE = Math.max(1, Runtime.getRuntime().availableProcessors() / 4);
    private static final long STACK = 4 << 20;
    private static final long SPARE_SECONDS = 10;
    private static final int INTERNAL = 500;

    private final ChatTemplate template;
    private final Duration time;
    private final Consumer<Throwable> failures;
    private final ExecutorService threads;

    /**
     * Runs this one.
     *
     * @param time     how long a conversation may wait for its turn and its text
     * @param failures is told what is wrong with the template
     */
    TemplateThreads(ChatTemplate template, Duration time, Consumer<Throwable> failures) {
        this.template = template;
        this.time = time;
        this.failures = failures;
        var pool = new ThreadPoolExecutor(AT_ONCE, AT_ONCE, SPARE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name("depthc-template-", 0).stackSize(STACK).factory());
        pool.allowCoreThreadTimeOut(true);
        threads = pool;
    }

    @Override
    public String render(List<ChatMessage> messages) {
        Future<String> text = threads.submit(() -> template.render(messages));
        try {
            return text.get(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw ApiError.server(503, "the conversation's turn to become a prompt did not come within " + time.toSeconds() + " s; come back later");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiError.server(503, "the server is shutting down");
        } catch (ExecutionException e) {
            throw failed(e.getCause());
        } finally {
            text.cancel(false);
        }
    }

    private RuntimeException failed(Throwable cause) {
        if (cause instanceof ApiError error) {
            if (error.status() == INTERNAL) {
                failures.accept(error);
            }
            return error;
        }
        return new IllegalStateException("the chat template could not be run", cause);
    }

    @Override
    public boolean hasSpecialTokens() {
        return template.hasSpecialTokens();
    }

    @Override
    public List<String> stops() {
        return template.stops();
    }
}
