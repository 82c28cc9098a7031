// SPDX-License-Identifier: Apache-2.0
package org.example.httpclient;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Against a server that says what depthc's says. */
final class StoryClientTest {
    private record Reply(int status, String body) {
    }

    private static String text(List<Reply> replies) throws IOException, InterruptedException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        var asked = new AtomicInteger();
        server.createContext("/v1/completions", exchange -> {
            Reply reply = replies.get(asked.getAndIncrement());
            byte[] body = reply.body().getBytes();
            exchange.getRequestBody().readAllBytes();
            exchange.getResponseHeaders().add("Retry-After", "0");
            exchange.sendResponseHeaders(reply.status(), body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            var text = new StringBuilder();
            new StoryClient("http://127.0.0.1:" + server.getAddress().getPort()).stream("Once", 5, text::append);
            return text.toString();
        } finally {
            server.stop(0);
        }
    }

    private static final String STREAM = "data: {\"choices\":[{\"text\":\" upon\"}]}\n\n:\n\ndata: {\"choices\":[{\"text\":\" a\\n\"}]}\n\ndata: [DONE]\n\n";

    @Test
    void piecesBecomeText() throws Exception {
        assertEquals(" upon a\n", text(List.of(new Reply(200, STREAM))));
    }

    @Test
    void aBusyServerIsAskedAgain() throws Exception {
        assertEquals(" upon a\n", text(List.of(new Reply(429, "{}"), new Reply(429, "{}"), new Reply(200, STREAM))));
    }

    @Test
    void errorsAreShown() {
        IOException e = assertThrows(IOException.class, () -> text(List.of(new Reply(400, "{\"error\":1}"))));
        assertEquals("the server says 400: {\"error\":1}", e.getMessage());
        assertThrows(IllegalStateException.class, () -> text(List.of(new Reply(200, "data: {\"error\":{\"message\":\"broken\"}}\n\n"))));
    }

    @Test
    void mistakesAreToldInALine() throws Exception {
        assertEquals("2 found 0 arguments, expected two: the server's address, such as http://127.0.0.1:8080, and a text to go on with\n", run());
        for (String address : List.of("127.0.0.1:8080", "localhost:8080", "http://", "no address", "ftp://localhost")) {
            String said = run(address, "Once");
            assertEquals("2 found " + address + ", expected the server's address, such as http://127.0.0.1:8080\n", said);
        }
        int closed;
        try (var socket = new ServerSocket(0)) {
            closed = socket.getLocalPort();
        }
        assertEquals("1 no server answers at http://127.0.0.1:" + closed + "; start one with depthc deploy BUNDLE\n", run("http://127.0.0.1:" + closed, "Once"));
    }

    /** The exit code and what is said on standard error. */
    private static String run(String... args) throws InterruptedException {
        var said = new ByteArrayOutputStream();
        PrintStream err = System.err;
        System.setErr(new PrintStream(said, true));
        try {
            int code = StoryClient.run(args);
            return code + " " + said.toString().replace(System.lineSeparator(), "\n");
        } finally {
            System.setErr(err);
        }
    }
}
