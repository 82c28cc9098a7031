// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.server.ServedModel;
import io.github.depthc.server.api.AnswerFormat;
import io.github.depthc.server.api.ApiError;
import io.github.depthc.server.api.ApiLimits;
import io.github.depthc.server.api.ApiRequest;
import io.github.depthc.server.api.StopStrings;
import io.github.depthc.server.api.Usage;
import io.github.depthc.server.batch.BatchRunner;
import io.github.depthc.server.batch.BusyException;
import io.github.depthc.server.batch.Generation;
import io.github.depthc.server.batch.GenerationRequest;
import io.github.depthc.server.batch.Outcome;
import io.github.depthc.server.batch.StoppedException;
import io.github.depthc.server.batch.TooLargeException;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;

/** Answers {@code /v1/completions} and {@code /v1/chat/completions}. */
final class Completions {
    /** How long an answer may be awaited before its connection is watched. Answers that are faster leave it open for more. */
    private static final Duration UNWATCHED = Duration.ofMillis(200);
    private static final Duration HEARTBEAT = Duration.ofSeconds(1);
    /** Bytes from which on few bodies are worked up at once: that takes several times their size, and a core each. */
    private static final int LARGE = 1 << 20;
    private static final int LARGE_AT_ONCE = Math.max(1, Runtime.getRuntime().availableProcessors() / 4);
    /** Share of the heap that bodies take which are being read or worked up; each takes three times its size in the end. */
    private static final int HEAP_PART = 8;

    private final ServedModel model;
    private final BatchRunner runner;
    private final ApiLimits limits;
    private final Duration time;
    private final RequestBody body;
    private final WriteGuard guard;
    private final Prompts prompts;
    private final BodyMemory bodies = new BodyMemory(Runtime.getRuntime().maxMemory() / HEAP_PART);
    private final Semaphore large = new Semaphore(LARGE_AT_ONCE, true);

    Completions(ServedModel model, BatchRunner runner, Prompts prompts, ApiLimits limits, Duration time, RequestBody body, WriteGuard guard) {
        this.model = model;
        this.runner = runner;
        this.prompts = prompts;
        this.limits = limits;
        this.time = time;
        this.body = body;
        this.guard = guard;
    }

    /**
     * Answers a request.
     *
     * @throws ApiError    when the answer is an error and nothing of it has been sent
     * @throws IOException when the client has gone
     */
    void answer(boolean chat, ServerRequest request, ServerResponse response) throws IOException {
        Asked of;
        try (BodyMemory.Share memory = bodies.share()) {
            of = asked(chat, body.read(request, memory));
        }
        ApiRequest asked = of.request;
        RequestPrompt prompt = of.prompt;
        int newTokens = prompts.newTokens(asked, prompt.batch().tokens());
        var stops = new ArrayList<>(asked.stop());
        if (chat) {
            stops.addAll(model.template().stops());
        }
        var format = new AnswerFormat(chat, (chat ? "chatcmpl-" : "cmpl-") + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()),
                Instant.now().getEpochSecond(), model.name(), asked.usage());
        Generation generation = submit(new GenerationRequest(prompt.batch(), newTokens, asked.sampling(), asked.stream() && asked.routing(), time), asked.prompt().field(), response);
        try {
            var text = new TokenText(generation, model.tokenizer().stream(prompt.longs()), new StopStrings(stops));
            if (asked.stream()) {
                stream(generation, prompt, text, format, asked, new EventStream(response, guard));
            } else {
                whole(generation, text, format, response);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiError.server(503, "the server is shutting down");
        } finally {
            generation.cancel();
        }
    }

    /** A request that has been read. */
    private record Asked(ApiRequest request, RequestPrompt prompt) {
    }

    private Asked asked(boolean chat, byte[] sent) {
        if (sent.length > LARGE) {
            large.acquireUninterruptibly();
        }
        try {
            long seed = ThreadLocalRandom.current().nextLong();
            ApiRequest asked = chat ? ApiRequest.chat(sent, limits, seed) : ApiRequest.completion(sent, limits, seed);
            asked.model().filter(name -> !name.equals(model.name())).ifPresent(name -> {
                throw ApiError.field(404, "model_not_found", "model", "there is no model \"" + name + "\", expected \"" + model.name() + "\"");
            });
            return new Asked(asked.withoutImages(), prompts.of(asked.prompt()));
        } finally {
            if (sent.length > LARGE) {
                large.release();
            }
        }
    }

    private Generation submit(GenerationRequest request, String field, ServerResponse response) {
        try {
            return runner.submit(request);
        } catch (BusyException e) {
            response.header(HeaderNames.RETRY_AFTER, Integer.toString(e.retryAfter()));
            throw ApiError.busy(e.getMessage());
        } catch (TooLargeException e) {
            throw ApiError.field(400, "kv_budget_exceeded", field, e.getMessage());
        } catch (StoppedException e) {
            throw ApiError.server(503, e.getMessage());
        }
    }

    private void whole(Generation generation, TokenText text, AnswerFormat format, ServerResponse response) throws InterruptedException, IOException {
        var all = new StringBuilder();
        boolean watched = false;
        long start = System.nanoTime();
        while (text.finish().isEmpty()) {
            text.failure().ifPresent(how -> {
                throw failed(generation, how);
            });
            all.append(text.next(UNWATCHED));
            if (!watched && System.nanoTime() - start > UNWATCHED.toNanos()) {
                watched = true;
                response.header(HeaderValues.CONNECTION_CLOSE);
                new ClientWatch(Connections.current().dataReader(), generation::cancel).start();
            }
        }
        ObjectNode json = format.whole(all.toString(), text.finish().orElseThrow(), new Usage(generation.cost().orElseThrow(), text.tokens()));
        guard.write(() -> Replies.json(response, 200, json));
    }

    private void stream(Generation generation, RequestPrompt prompt, TokenText text, AnswerFormat format, ApiRequest asked, EventStream events)
            throws InterruptedException, IOException {
        if (format.begin().isPresent()) {
            events.event(format.begin().get());
        }
        boolean routing = asked.routing();
        while (text.finish().isEmpty()) {
            if (text.failure().isPresent()) {
                events.event(failed(generation, text.failure().get()).json());
                events.done();
                return;
            }
            int before = text.tokens();
            String piece = text.next(HEARTBEAT);
            if (routing && generation.cost().isPresent()) {
                routing = false;
                events.event(format.routing(prompt.labels(model.tokenizer().stream()), generation.cost().get()));
            }
            if (!piece.isEmpty()) {
                events.event(format.piece(piece));
            } else if (text.tokens() == before && generation.outcome().isEmpty()) {
                events.alive();
            }
        }
        events.event(format.end(text.finish().orElseThrow()));
        if (asked.usage()) {
            events.event(format.usage(new Usage(generation.cost().orElseThrow(), text.tokens())));
        }
        events.done();
    }

    private static ApiError failed(Generation generation, Outcome how) {
        boolean begun = generation.cost().isPresent();
        return switch (how) {
            case TIMEOUT -> begun ? ApiError.of(408, "timeout", "the request took longer than this server lets it; ask for fewer tokens")
                    : ApiError.server(503, "the request's turn did not come in the time that a request may take; try again later");
            case SLOW_READER -> ApiError.of(408, "slow_reader", "the answer was not read fast enough");
            case SHUTDOWN -> ApiError.server(503, "the server is shutting down");
            case CANCELLED -> ApiError.of(408, "cancelled", "the client has gone");
            case FAILED -> ApiError.server(500, "the model failed on this request; the server's log says why");
            case EOS, LENGTH, STOP -> throw new IllegalArgumentException(how.label());
        };
    }
}
