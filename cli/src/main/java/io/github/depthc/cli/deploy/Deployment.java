// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.deploy;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.TerminationSignals;
import io.github.depthc.cli.console.Units;
import io.github.depthc.cli.run.Bundles;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.server.ModelServer;
import io.github.depthc.server.ServedModel;
import io.github.depthc.server.ServerOptions;
import io.github.depthc.server.chat.BundleTemplate;
import io.github.depthc.server.chat.ChatTemplate;
import io.github.depthc.server.chat.PlainTemplate;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** Serves a bundle until a signal comes. */
public final class Deployment {
    /** What a process that a second signal ends gives, as shells have it for SIGINT. */
    private static final int INTERRUPTED = 130;

    private final Console console;
    private final ServerOptions options;
    private final OrtOptions runtime;
    private final Duration grace;
    private final boolean plain;
    private final CountDownLatch end = new CountDownLatch(1);

    /**
     * A deployment.
     *
     * @param grace how long running requests have to end after a signal
     * @param plain whether conversations become plain text even where the model has a template of its own
     */
    public Deployment(Console console, ServerOptions options, OrtOptions runtime, Duration grace, boolean plain) {
        this.console = console;
        this.options = options;
        this.runtime = runtime;
        this.grace = grace;
        this.plain = plain;
    }

    /** Serves; returns after a signal, when all has ended. */
    public void of(Path folder, String name) throws IOException {
        Bundle bundle = Bundles.openDecoder(folder);
        long start = System.nanoTime();
        try (Tokenizer tokenizer = Tokenizer.open(folder, bundle.info().model().vocab()); OrtEngine engine = OrtEngine.open(bundle, runtime)) {
            double load = (System.nanoTime() - start) / 1e9;
            Optional<ChatTemplate> own = plain ? Optional.empty() : BundleTemplate.of(folder);
            var model = new ServedModel(name, engine, tokenizer, own.orElseGet(PlainTemplate::new));
            TerminationSignals.handle(this::signal);
            try (ModelServer server = ModelServer.start(options, model, this::failed)) {
                console.line("Serving " + name + " at http://" + bracketed(options.host()) + ":" + server.port() + " (loaded in " + Units.duration(load) + ")");
                console.flush();
                if (own.isEmpty()) {
                    console.note("Conversations become lines \"User: …\" and \"Assistant: …\"" + (plain ? "." : ": the model has no chat template."));
                }
                end.await();
                int left = server.requests();
                if (left > 0) {
                    console.note("Waiting for " + left + (left == 1 ? " request" : " requests") + ", at most " + Units.duration(grace.toSeconds()) + " …");
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
        console.note("depthc: a request failed: " + why.getClass().getSimpleName() + ": " + why.getMessage());
    }

    private static String bracketed(String host) {
        return host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
    }
}
