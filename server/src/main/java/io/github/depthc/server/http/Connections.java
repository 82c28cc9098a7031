// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.http1.Http1ConnectionSelectorConfig;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.time.Duration;
import java.util.Set;

/**
 * HTTP/1.1 connections whose requests can see the connection that they came on, which Helidon does not show them: who waits for an
 * answer must notice that its client has gone.
 */
final class Connections implements ServerConnectionSelector {
    private static final ScopedValue<ConnectionContext> CURRENT = ScopedValue.newInstance();

    private final Http1ConnectionSelector http;

    Connections(Http1Config config) {
        http = Http1ConnectionSelectorConfig.builder().config(config).build();
    }

    /** The connection of the request that this thread handles. */
    static ConnectionContext current() {
        return CURRENT.get();
    }

    @Override
    public int bytesToIdentifyConnection() {
        return http.bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData data) {
        return http.supports(data);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return http.supportedApplicationProtocols();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        return new Scoped(context, http.connection(context));
    }

    private record Scoped(ConnectionContext context, ServerConnection connection) implements ServerConnection {
        @Override
        public void handle(Limit limit) throws InterruptedException {
            ScopedValue.where(CURRENT, context).call(() -> {
                connection.handle(limit);
                return null;
            });
        }

        @Override
        public Duration idleTime() {
            return connection.idleTime();
        }

        @Override
        public void close(boolean interrupt) {
            connection.close(interrupt);
        }
    }
}
