// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.server.api.ApiError;
import io.github.depthc.server.batch.BatchRunner;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Leads each request to what answers it, and makes one line of JSON of all that goes wrong. */
final class Routes implements Handler {
    private static final String MODELS = "/v1/models";

    private final String model;
    private final boolean images;
    private final Completions completions;
    private final BatchRunner runner;
    private final long kvBudget;
    private final Guards guards;
    private final Consumer<Throwable> failures;
    private final AtomicInteger active = new AtomicInteger();

    Routes(String model, boolean images, Completions completions, BatchRunner runner, long kvBudget, Guards guards, Consumer<Throwable> failures) {
        this.model = model;
        this.images = images;
        this.completions = completions;
        this.runner = runner;
        this.kvBudget = kvBudget;
        this.guards = guards;
        this.failures = failures;
    }

    /** Requests that are being answered. */
    int active() {
        return active.get();
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        active.incrementAndGet();
        Connections.head(request.prologue().method().text().equals("HEAD"));
        try {
            Guards.checkNames(request.headers());
            guards.checkHost(request.headers());
            route(request, response);
        } catch (ApiError e) {
            refuse(request, response, e);
        } catch (IOException e) {
            // The client has gone, or does not read: there is nobody to answer.
            throw new CloseConnectionException("gone", e);
        } catch (RequestException | CloseConnectionException e) {
            throw e;
        } catch (RuntimeException | Error e) {
            failures.accept(e);
            refuse(request, response, ApiError.server(500, "an internal error; the server's log says more"));
        } finally {
            active.decrementAndGet();
        }
        if (response.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
            // Helidon itself would read what follows, the rest of a refused body for one, as the next request.
            throw new CloseConnectionException("the answer says so");
        }
    }

    private void route(ServerRequest request, ServerResponse response) throws IOException {
        String path = request.path().path();
        switch (path) {
            case "/", "/page.css", "/page.js" -> {
                require(request, response, "GET");
                Page.send(response, path);
            }
            case "/health" -> {
                require(request, response, "GET");
                boolean well = runner.accepts();
                Replies.json(response, well ? 200 : 503, JsonNodeFactory.instance.objectNode().put("status", well ? "ok" : "stopping"));
            }
            case "/metrics" -> {
                require(request, response, "GET");
                guards.checkKey(request.headers());
                Replies.send(response, 200, "text/plain; version=0.0.4; charset=utf-8", MetricsText.of(runner, kvBudget));
            }
            case MODELS -> {
                require(request, response, "GET");
                guards.checkKey(request.headers());
                ObjectNode list = JsonNodeFactory.instance.objectNode().put("object", "list");
                list.putArray("data").add(Replies.model(model, images));
                Replies.json(response, 200, list);
            }
            case "/v1/completions", "/v1/chat/completions" -> {
                require(request, response, "POST");
                guards.checkKey(request.headers());
                completions.answer(path.contains("chat"), request, response);
            }
            default -> {
                guards.checkKey(request.headers());
                if (path.equals(MODELS + "/" + model)) {
                    require(request, response, "GET");
                    Replies.json(response, 200, Replies.model(model, images));
                } else {
                    throw ApiError.of(404, path.startsWith(MODELS + "/") ? "model_not_found" : "not_found", "there is nothing at " + path);
                }
            }
        }
    }

    private static void require(ServerRequest request, ServerResponse response, String method) {
        String found = request.prologue().method().text();
        if (!found.equals(method) && !(found.equals("HEAD") && method.equals("GET"))) {
            response.header(HeaderNames.ALLOW, method.equals("GET") ? "GET, HEAD" : method);
            throw ApiError.of(405, "method", "the method is " + found + ", expected " + method);
        }
    }

    private static void refuse(ServerRequest request, ServerResponse response, ApiError error) {
        if (response.isSent()) {
            throw new CloseConnectionException("an answer was cut short");
        }
        if (!request.content().consumed()) {
            Connections.leaveUnread();
            response.header(HeaderValues.CONNECTION_CLOSE);
        }
        if (error.status() == 429 && !response.headers().contains(HeaderNames.RETRY_AFTER)) {
            response.header(HeaderNames.RETRY_AFTER, "1"); // what is being read now will have been
        }
        Replies.json(response, error.status(), error.json());
    }
}
