// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server;

import io.github.depthc.server.batch.BatchRunner;
import io.github.depthc.server.http.HttpServer;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;

/** A model behind HTTP: {@code /v1/completions}, {@code /v1/chat/completions}, {@code /v1/models}, {@code /health}, {@code /metrics}. */
public final class ModelServer implements AutoCloseable {
    private final BatchRunner runner;
    private final HttpServer http;

    private ModelServer(BatchRunner runner, HttpServer http) {
        this.runner = runner;
        this.http = http;
    }

    /**
     * Starts to serve, no more at a time than the engine takes.
     *
     * @param failures is told what made requests fail that were in order
     * @throws IOException if the port cannot be had
     */
    public static ModelServer start(ServerOptions options, ServedModel model, Consumer<Throwable> failures) throws IOException {
        ServerOptions within = options.within(model.engine().limits());
        var runner = new BatchRunner(model.engine(), within.batch(), failures);
        try {
            return new ModelServer(runner, new HttpServer(within, model, runner, failures));
        } catch (IOException | RuntimeException | Error e) {
            runner.close();
            throw e;
        }
    }

    /** The port. */
    public int port() {
        return http.port();
    }

    /** Requests that wait or run. */
    public int requests() {
        return runner.waiting() + runner.running();
    }

    /**
     * Takes no new requests and waits for the end of those that are there.
     *
     * @return whether they ended in this time; {@link #close} ends the others
     * @throws InterruptedException if the thread is interrupted
     */
    public boolean drain(Duration longest) throws InterruptedException {
        return runner.drain(longest);
    }

    /** Ends what still runs, then all connections. */
    @Override
    public void close() {
        runner.close();
        http.close();
    }
}
