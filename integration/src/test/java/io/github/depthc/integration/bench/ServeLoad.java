// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Many streaming clients at once; every answer must be the one that the same request gets alone. Arguments: address, number of the
 * server's process, clients, seconds.
 */
public final class ServeLoad {
    private static final int DIFFERENT = 64;
    private static final int SAMPLES = 24;

    private ServeLoad() {
    }

    /** Runs it; exits with 1 when an answer is wrong or lost. */
    public static void main(String[] args) throws IOException, InterruptedException {
        var calls = new HttpCalls(args[0], Long.parseLong(args[1]));
        int clients = Integer.parseInt(args[2]);
        double seconds = Double.parseDouble(args[3]);
        Results.header("%d streaming clients for %.0f s".formatted(clients, seconds));
        List<String> requests = HttpCalls.requests(DIFFERENT);
        var alone = new ArrayList<String>();
        long start = System.nanoTime();
        for (String r : requests) {
            alone.add(calls.stream(r).text());
        }
        double aloneRate = calls.metric("depthc_generated_tokens_total") / ((System.nanoTime() - start) / 1e9);

        var right = new AtomicInteger();
        List<String> wrong = Collections.synchronizedList(new ArrayList<>());
        List<Double> first = Collections.synchronizedList(new ArrayList<>());
        double tokens = calls.metric("depthc_generated_tokens_total");
        double steps = calls.metric("depthc_decode_steps_total");
        double compute = calls.metric("depthc_compute_seconds_total");
        var memory = new ArrayList<double[]>();
        long begin = System.nanoTime();
        long end = begin + (long) (seconds * 1e9);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int c = 0; c < clients; c++) {
                var random = new Random(c);
                pool.submit(() -> {
                    while (System.nanoTime() < end) {
                        int i = random.nextInt(DIFFERENT);
                        try {
                            HttpCalls.Answer answer = calls.stream(requests.get(i));
                            if (answer.status() == 200 && answer.complete() && answer.text().equals(alone.get(i))) {
                                right.incrementAndGet();
                                first.add(answer.firstToken() / 1e6);
                            } else {
                                wrong.add(answer.status() + ": " + answer.text());
                            }
                        } catch (IOException e) {
                            wrong.add(e.toString());
                        }
                    }
                    return null;
                });
            }
            while (System.nanoTime() < end) {
                Thread.sleep((long) (seconds * 1000 / SAMPLES));
                memory.add(new double[] {calls.residentMiB(), calls.heapMiB()});
            }
        }
        double wall = (System.nanoTime() - begin) / 1e9;
        tokens = calls.metric("depthc_generated_tokens_total") - tokens;
        steps = calls.metric("depthc_decode_steps_total") - steps;
        compute = calls.metric("depthc_compute_seconds_total") - compute;

        Collections.sort(first);
        var table = new Results().row("what", "value");
        table.row("answers equal to the one alone", right.get()).row("answers that differ or were lost", wrong.size());
        table.row("tokens per second, all clients", text(tokens / wall)).row("tokens per second, one client (before the run)", text(aloneRate));
        table.row("rows of a decode step, mean", text(tokens / steps)).row("time in which the engine computed", text(100 * compute / wall) + " %");
        table.row("time to first token, p50 / p90 / p99 / most, ms", at(first, 0.5) + " / " + at(first, 0.9) + " / " + at(first, 0.99) + " / " + at(first, 1));
        for (int part = 0; part < 3; part++) {
            List<double[]> third = memory.subList(part * memory.size() / 3, (part + 1) * memory.size() / 3);
            table.row("resident MiB (most), heap in use MiB (least), third " + (part + 1),
                    text(third.stream().mapToDouble(m -> m[0]).max().orElse(0)) + ", " + text(third.stream().mapToDouble(m -> m[1]).min().orElse(0)));
        }
        table.row("load average at the end", text(Results.load()));
        table.print();
        if (!wrong.isEmpty()) {
            System.err.println(wrong.getFirst());
            System.exit(1);
        }
    }

    private static String at(List<Double> sorted, double q) {
        return sorted.isEmpty() ? "-" : text(sorted.get((int) Math.ceil(q * sorted.size()) - (q > 0 ? 1 : 0)));
    }

    private static String text(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
