// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Runs tasks on several threads; the first failure stops the others, and none is running any more when it returns. */
final class Parallel {
    private Parallel() {
    }

    /** The tasks' results, in the order of the tasks. */
    static <T> List<T> run(int threads, List<? extends Callable<T>> tasks) throws IOException {
        if (tasks.isEmpty()) {
            return List.of();
        }
        var pool = Executors.newFixedThreadPool(Math.min(threads, tasks.size()), Thread.ofPlatform().daemon().name("bundle-", 1).factory());
        try {
            var done = new ExecutorCompletionService<T>(pool);
            var futures = new ArrayList<Future<T>>();
            tasks.forEach(t -> futures.add(done.submit(t::call)));
            for (int i = 0; i < tasks.size(); i++) {
                done.take().get();
            }
            var results = new ArrayList<T>();
            for (Future<T> f : futures) {
                results.add(f.resultNow());
            }
            return results;
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException io -> throw io;
                case RuntimeException r -> throw r;
                case Error error -> throw error;
                default -> throw new IOException(e.getCause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        } finally {
            pool.shutdownNow();
            awaitEnd(pool);
        }
    }

    private static void awaitEnd(ExecutorService pool) {
        boolean interrupted = false;
        while (true) {
            try {
                if (pool.awaitTermination(1, TimeUnit.HOURS)) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
