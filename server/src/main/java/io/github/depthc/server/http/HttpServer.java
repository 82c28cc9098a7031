// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.github.depthc.image.ImageLimits;
import io.github.depthc.server.ServedModel;
import io.github.depthc.server.ServerOptions;
import io.github.depthc.server.api.ApiLimits;
import io.github.depthc.server.batch.BatchRunner;
import io.helidon.common.socket.SocketOptions;
import io.helidon.webserver.ErrorHandling;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http1.Http1Config;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The web server: a virtual thread for each connection. */
public final class HttpServer implements AutoCloseable {
    /** Kept, because loggers are forgotten with what was set on them. */
    private static final Logger HELIDON = Logger.getLogger("io.helidon");

    private static final Duration READ = Duration.ofSeconds(30);
    private static final Duration WRITE = Duration.ofSeconds(20);
    private static final LingeringClose LINGERING = new LingeringClose(Duration.ofSeconds(2), READ);
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);
    private static final Duration POLL = Duration.ofMillis(5);
    private static final int CONNECTIONS = 4096;
    /**
     * Bytes that the system keeps of what a client has not read, about: left alone it takes megabytes, more than any answer has, and nobody would see that the client does not
     * read. Enough for some hundred tokens a second to the other side of the earth.
     */
    private static final int SEND_BUFFER = 16384;
    private static final int LONGEST_LINE = 4096;
    private static final int LONGEST_HEADERS = 16384;
    // A connection is idle by Helidon's count also while it waits for an answer.
    private static final Duration SPARE = Duration.ofMinutes(2);

    private final WebServer server;
    private final Routes routes;
    private final WriteGuard guard = new WriteGuard(WRITE);

    /**
     * Starts it.
     *
     * @param failures is told what should not happen
     * @throws IOException if the port cannot be had
     */
    public HttpServer(ServerOptions options, ServedModel served, BatchRunner runner, Consumer<Throwable> failures) throws IOException {
        HELIDON.setLevel(Level.OFF);
        ServedModel model = served.withTemplate(new TemplateThreads(served.template(), options.time(), failures));
        var info = model.engine().info().model();
        var limits = new ApiLimits(info.context(), options.promptTokens(), options.newTokens(), info.vocab(), model.vision().isPresent());
        var prompts = new Prompts(model, limits, ImageLimits.DEFAULT.withPixels(options.pixels()));
        var completions = new Completions(model, runner, prompts, limits, options.time(), new RequestBody(options.body(), READ), guard);
        var guards = new Guards(options.apiKey(), options.isLocal() ? Optional.of(options.host()) : Optional.empty());
        routes = new Routes(model.name(), limits.images(), completions, runner, options.batch().kvBytes(), guards, failures);
        Http1Config http = Http1Config.builder().maxPrologueLength(LONGEST_LINE).maxHeadersSize(LONGEST_HEADERS).build();
        server = WebServer.builder()
                .host(options.host()).port(options.port())
                .shutdownHook(false)
                // Plain sockets: the others know no read timeout.
                .useNio(false)
                .connectionOptions(new TimedSockets(SocketOptions.builder().readTimeout(READ).tcpNoDelay(true).socketSendBufferSize(SEND_BUFFER).build()))
                .maxTcpConnections(CONNECTIONS)
                .maxPayloadSize(options.body())
                .idleConnectionTimeout(options.time().plus(SPARE))
                .protocolsDiscoverServices(false)
                .featuresDiscoverServices(false)
                .addConnectionSelector(new Connections(http, LINGERING))
                .directHandlers(MalformedHttp.handlers(options.body(), LONGEST_HEADERS))
                // What is wrong, for those handlers.
                .errorHandling(ErrorHandling.builder().includeEntity(true).build())
                .routing(HttpRouting.builder().any(routes))
                .build();
        server.start();
        // Helidon says why in its log alone.
        if (!server.isRunning()) {
            guard.close();
            throw new IOException("cannot serve on " + options.host() + " port " + options.port() + ": " + (isHere(options.host())
                    ? "the port is taken, or may not be used here; free it or take another with --port"
                    : "this machine has no such address; take one that it has with --host"));
        }
    }

    private static boolean isHere(String host) {
        try {
            InetAddress address = InetAddress.getByName(host);
            return address.isAnyLocalAddress() || address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null;
        } catch (IOException e) {
            return false;
        }
    }

    /** The port. */
    public int port() {
        return server.port();
    }

    /** Ends all connections; answers that are under way are given a little time. */
    @Override
    public void close() {
        long end = System.nanoTime() + LAST_WORDS.toNanos();
        while (routes.active() > 0 && System.nanoTime() < end) {
            LockSupport.parkNanos(POLL.toNanos());
        }
        server.stop();
        guard.close();
    }
}
