// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Clients that go away at random, malformed requests, of which each must get a 4xx, and random ones, some of which are in order by chance. Arguments: address, number of the
 * server's process, disconnects, malformed requests, random requests.
 */
public final class ServeFaults {
    private static final int AT_ONCE = 16;

    private ServeFaults() {
    }

    /** Runs it; exits with 1 for an answer of 5xx, for one that is no 4xx to a malformed request, or when something is left over. */
    public static void main(String[] args) throws IOException, InterruptedException {
        var calls = new HttpCalls(args[0], Long.parseLong(args[1]));
        Results.header("Faults");
        String request = HttpCalls.requests(1).getFirst();
        String before = calls.stream(request).text();
        var table = new Results().row("what", "requests", "answers by status", "resident MiB before, after", "heap in use MiB before, after");
        boolean fine = run(calls, table, "clients that go away at random", Integer.parseInt(args[2]), ServeFaults::leave);
        var kinds = new TreeMap<MalformedRequests, Map<String, Integer>>();
        fine &= run(calls, table, "malformed requests", Integer.parseInt(args[3]), (server, random) -> malformed(server, random, kinds));
        fine &= run(calls, table, "random requests", Integer.parseInt(args[4]), (server, random) -> answer(server, RandomRequests.next(random)));
        table.print();
        var byKind = new Results().row("malformed by", "answers by status");
        kinds.forEach((kind, statuses) -> byKind.row(kind.name().toLowerCase(Locale.ROOT).replace('_', ' '), statuses));
        byKind.print();
        fine &= kinds.values().stream().flatMap(statuses -> statuses.keySet().stream()).allMatch(s -> s.startsWith("4") || s.equals("closed"));
        boolean same = calls.stream(request).text().equals(before);
        System.out.println("The same request as at the start gets " + (same ? "the same answer." : "another answer."));
        if (!fine || !same) {
            System.exit(1);
        }
    }

    private interface Fault {
        String run(HttpCalls calls, Random random) throws IOException;
    }

    private static boolean run(HttpCalls calls, Results table, String what, int count, Fault fault) throws IOException, InterruptedException {
        double resident = 0;
        double heap = 0;
        Map<String, Integer> statuses = new TreeMap<>();
        // A tenth of them first: what is loaded and grows once is no leak.
        for (int part : new int[] {count / 10, count - count / 10}) {
            resident = calls.residentMiB();
            heap = calls.heapMiB();
            var next = new AtomicInteger(part);
            try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int t = 0; t < AT_ONCE; t++) {
                    var random = new Random(31L * part + t);
                    pool.submit(() -> {
                        while (next.decrementAndGet() >= 0) {
                            String status = fault.run(calls, random);
                            synchronized (statuses) {
                                statuses.merge(status, 1, Integer::sum);
                            }
                        }
                        return null;
                    });
                }
            }
        }
        long end = System.nanoTime() + 10_000_000_000L;
        while (calls.metric("depthc_requests_running") + calls.metric("depthc_requests_waiting") + calls.metric("depthc_kv_bytes") > 0 && System.nanoTime() < end) {
            Thread.sleep(50);
        }
        double left = calls.metric("depthc_requests_running") + calls.metric("depthc_requests_waiting") + calls.metric("depthc_kv_bytes");
        table.row(what, count, statuses + (left > 0 ? ", left over: " + left : ""), pair(resident, calls.residentMiB()), pair(heap, calls.heapMiB()));
        int answered = statuses.values().stream().mapToInt(n -> n).sum();
        return left == 0 && answered == count && statuses.keySet().stream().noneMatch(s -> s.startsWith("5"));
    }

    private static String pair(double before, double after) {
        return String.format(Locale.ROOT, "%.0f, %.0f", before, after);
    }

    private static String leave(HttpCalls calls, Random random) throws IOException {
        String body = "{\"prompt\": \"Once upon a time\", \"max_tokens\": 400, \"stream\": " + random.nextBoolean() + "}";
        try (Socket socket = new Socket(calls.address().getHost(), calls.address().getPort())) {
            socket.setSoTimeout(20_000);
            if (random.nextBoolean()) {
                socket.setSoLinger(true, 0); // a reset
            }
            socket.getOutputStream().write(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n"
                    + body).getBytes(StandardCharsets.US_ASCII));
            for (int i = random.nextInt(600); i > 0 && random.nextInt(300) > 0 && socket.getInputStream().available() > 0; i--) {
                socket.getInputStream().read();
            }
            Thread.sleep(random.nextInt(30));
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        return "not awaited";
    }

    private static String malformed(HttpCalls calls, Random random, Map<MalformedRequests, Map<String, Integer>> kinds) {
        MalformedRequests.Made made = MalformedRequests.any(random);
        String status = answer(calls, made.bytes());
        synchronized (kinds) {
            kinds.computeIfAbsent(made.kind(), k -> new TreeMap<>()).merge(status, 1, Integer::sum);
        }
        return status;
    }

    /** The status of an answer; "closed" where none came. */
    private static String answer(HttpCalls calls, byte[] request) {
        try (Socket socket = new Socket(calls.address().getHost(), calls.address().getPort())) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(request);
            socket.shutdownOutput();
            InputStream in = socket.getInputStream();
            String answer = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1).replace("HTTP/1.1 100 Continue\r\n\r\n", "");
            return answer.isEmpty() ? "closed" : answer.substring(9, 12);
        } catch (IOException e) {
            return "closed";
        }
    }
}
