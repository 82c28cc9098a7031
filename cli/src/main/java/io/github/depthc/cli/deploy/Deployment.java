// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.deploy;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.TerminationSignals;
import io.github.depthc.cli.console.Units;
import io.github.depthc.cli.run.DeviceKind;
import io.github.depthc.server.ModelServer;
import io.github.depthc.server.ServerOptions;
import io.github.depthc.server.api.ApiError;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** Serves a bundle until a signal comes. */
public final class Deployment {
    /** What a process that a second signal ends gives, as shells have it for SIGINT. */
    private static final int INTERRUPTED = 130;

    private final Console console;
    private final ServerOptions options;
    private final Capacity capacity;
    private final DeviceKind device;
    private final OrtOptions runtime;
    private final Duration grace;
    private final boolean plain;
    private final CountDownLatch end = new CountDownLatch(1);

    /**
     * A deployment.
     *
     * @param options  without the engine's own limits
     * @param capacity what of them was asked for
     * @param device what computes
     * @param grace how long running requests have to end after a signal
     * @param plain whether conversations become plain text even where the model has a template of its own
     */
    public Deployment(Console console, ServerOptions options, Capacity capacity, DeviceKind device, OrtOptions runtime, Duration grace, boolean plain) {
        this.console = console;
        this.options = options;
        this.capacity = capacity;
        this.device = device;
        this.runtime = runtime;
        this.grace = grace;
        this.plain = plain;
    }

    /** Serves; returns after a signal, when all has ended. */
    public void of(Bundle bundle, String name) throws IOException {
        long start = System.nanoTime();
        try (DeployedModel model = DeployedModel.open(bundle, device, runtime, console, name, plain)) {
            ServerOptions fitted = capacity.of(model.engine(), options);
            double load = (System.nanoTime() - start) / 1e9;
            TerminationSignals.handle(this::signal);
            try (ModelServer server = ModelServer.start(fitted, model.served(), this::failed)) {
                console.line("Serving " + name + " at http://" + bracketed(options.host()) + ":" + server.port() + " (loaded in " + Units.duration(load) + ")");
                console.flush();
                if (!model.template().isEmpty()) {
                    console.note(model.template());
                }
                Capacity.told(model.engine().limits()).ifPresent(console::note);
                end.await();
                int left = server.requests();
                if (left > 0 && !grace.isZero()) {
                    console.note("Waiting for " + left + (left == 1 ? " request" : " requests") + ", at most " + grace.toSeconds() + " s …");
                }
                if (!server.drain(grace)) {
                    console.note("Cancelled " + server.requests() + " requests that had not ended.");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void signal(String name) {
        if (end.getCount() == 0) {
            Runtime.getRuntime().halt(INTERRUPTED);
        }
        end.countDown();
    }

    private void failed(Throwable why) {
        console.note("depthc: a request failed: " + (why instanceof ApiError ? "" : why.getClass().getSimpleName() + ": ") + why.getMessage());
    }

    private static String bracketed(String host) {
        return host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
    }
}
