// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server;

import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.ir.InputException;
import io.github.depthc.server.batch.BatchLimits;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;

/**
 * How a server is set up.
 *
 * @param host         name or address of the network interface
 * @param port         TCP port; 0 takes one that is free
 * @param apiKey       what clients must send; needed on a host that others can reach
 * @param batch        how many requests are taken on
 * @param body         bytes of a request, at most
 * @param pixels       of an image in a request, at most
 * @param promptTokens tokens of a prompt, at most
 * @param newTokens    new tokens of a request, at most
 * @param time         how long a request may take
 */
public record ServerOptions(String host, int port, Optional<String> apiKey, BatchLimits batch, int body, long pixels, int promptTokens, int newTokens,
        Duration time) {
    private static final int SHORTEST_KEY = 8;

    public ServerOptions {
        if (port < 0 || port > 65535) {
            throw new InputException("the port is " + port + ", expected 1 to 65535, or 0 for any that is free");
        }
        if (apiKey.isPresent() && !apiKey.get().matches("[\\x21-\\x7e]{" + SHORTEST_KEY + ",}")) {
            throw new InputException("the API key has " + apiKey.get().length() + " characters" + (apiKey.get().length() < SHORTEST_KEY ? "" : ", some of which no header can have") + ", expected at least " + SHORTEST_KEY + " letters, digits or signs of ASCII, without spaces");
        }
        if (apiKey.isEmpty() && !isLoopback(address(host))) {
            throw new InputException("the host " + host + " can be reached from other machines, so an API key is needed: add --api-key-file FILE, or "
                    + "serve on 127.0.0.1");
        }
        if (time.isZero() || time.isNegative()) {
            throw new InputException("the time of a request is " + time + ", expected more than nothing");
        }
        if (body < 1 || pixels < 1 || promptTokens < 1 || newTokens < 1) {
            throw new InputException("the limits are " + body + " bytes, " + pixels + " pixels, " + promptTokens + " tokens, " + newTokens + " new tokens, expected at least 1 of each");
        }
    }

    /** The same with another size of requests. */
    public ServerOptions withBody(int bytes) {
        return new ServerOptions(host, port, apiKey, batch, bytes, pixels, promptTokens, newTokens, time);
    }

    /** The same with other limits of what runs together. */
    public ServerOptions withBatch(BatchLimits limits) {
        return new ServerOptions(host, port, apiKey, limits, body, pixels, promptTokens, newTokens, time);
    }

    /** The same with no more than an engine takes. */
    ServerOptions within(EngineLimits most) {
        var rows = new BatchLimits(batch.requests(), Math.min(batch.rows(), most.rows()), batch.kvBytes(), batch.unread());
        return new ServerOptions(host, port, apiKey, rows, body, pixels, Math.min(promptTokens, most.promptTokens()), newTokens, time);
    }

    /** Whether only this machine can reach the server. */
    public boolean isLocal() {
        return isLoopback(address(host));
    }

    private static boolean isLoopback(InetAddress address) {
        return address.isLoopbackAddress();
    }

    private static InetAddress address(String host) {
        try {
            // The empty name would be this machine's.
            if (host.isBlank()) {
                throw new UnknownHostException(host);
            }
            return InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new InputException("the host \"" + host + "\" is not known here, expected a name or an address of this machine, such as 127.0.0.1", e);
        }
    }
}
