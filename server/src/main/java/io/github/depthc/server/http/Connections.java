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
 * answer must notice that its client has gone, and who is refused must get the answer even though it is still sending.
 */
final class Connections implements ServerConnectionSelector {
    private static final ScopedValue<Scoped> CURRENT = ScopedValue.newInstance();

    private final Http1ConnectionSelector http;
    private final LingeringClose lingering;

    /**
     * @param lingering how connections end whose clients may still send
     */
    Connections(Http1Config config, LingeringClose lingering) {
        http = Http1ConnectionSelectorConfig.builder().config(config).build();
        this.lingering = lingering;
    }

    /** The connection of the request that this thread handles. */
    static ConnectionContext current() {
        return CURRENT.get().context;
    }

    /** Says whether the request that this thread handles is a HEAD, whose answer has no body. */
    static void head(boolean is) {
        CURRENT.get().head = is;
    }

    /** Whether it is. */
    static boolean answersHead() {
        return CURRENT.get().head;
    }

    /** The request that this thread handles is answered without having been read to its end, and the connection closes. */
    static void leaveUnread() {
        CURRENT.get().unread = true;
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
        return new Scoped(context, http.connection(context), lingering);
    }

    private static final class Scoped implements ServerConnection {
        private final ConnectionContext context;
        private final ServerConnection connection;
        private final LingeringClose lingering;
        private boolean unread;
        private boolean head;

        Scoped(ConnectionContext context, ServerConnection connection, LingeringClose lingering) {
            this.context = context;
            this.connection = connection;
            this.lingering = lingering;
        }

        @Override
        public void handle(Limit limit) throws InterruptedException {
            try {
                ScopedValue.where(CURRENT, this).call(() -> {
                    connection.handle(limit);
                    return null;
                });
            } finally {
                if (unread) {
                    lingering.drain(context.dataReader());
                }
            }
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
