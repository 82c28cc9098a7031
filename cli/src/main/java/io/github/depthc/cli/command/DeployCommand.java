// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.deploy.ApiKeyFile;
import io.github.depthc.cli.deploy.ByteSizeParser;
import io.github.depthc.cli.deploy.Capacity;
import io.github.depthc.cli.deploy.Deployment;
import io.github.depthc.cli.doctor.Machine;
import io.github.depthc.cli.run.Bundles;
import io.github.depthc.cli.run.DeviceKind;
import io.github.depthc.image.ImageLimits;
import io.github.depthc.ir.InputException;
import io.github.depthc.server.ServerOptions;
import io.github.depthc.server.batch.BatchLimits;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code depthc deploy}: a bundle behind HTTP. */
@Command(
        name = "deploy",
        mixinStandardHelpOptions = true,
        header = "Serve a bundle over HTTP, as OpenAI's API has it.",
        description = "Answers /v1/completions, /v1/chat/completions, /v1/models, /health and /metrics until SIGINT or SIGTERM; requests that run then are "
                + "finished. Requests are batched while they run.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc deploy out/stories260k",
            "  depthc deploy out/stories260k --host 0.0.0.0 --port 80 --api-key-file key.txt",
            "  curl http://127.0.0.1:8080/v1/completions \\",
            "      -H 'Content-Type: application/json' \\",
            "      -d '{\"prompt\": \"Once upon a time\", \"max_tokens\": 50}'",
        })
public final class DeployCommand implements Callable<Integer> {
    /** Tokens that a client may leave unread. */
    private static final int UNREAD = 1024;
    /** The part of the machine's memory that caches get unless told. */
    private static final int MEMORY_PART = 4;
    /** Requests that run together unless told. */
    private static final int BATCH = 32;
    private static final int MOST = 1 << 20;
    private static final String BODY = "1MiB";
    private static final int BODY_WITH_IMAGES = 16 << 20;

    private final Console console;

    @Parameters(paramLabel = "BUNDLE", description = "Folder that depthc convert wrote.")
    private Path bundle;

    @Option(names = "--host", paramLabel = "HOST", description = "Name or address to serve on (default: ${DEFAULT-VALUE}, which only this machine reaches).",
            defaultValue = "127.0.0.1")
    private String host;

    @Option(names = "--port", paramLabel = "PORT", description = "TCP port; 0 takes one that is free (default: ${DEFAULT-VALUE}).", defaultValue = "8080")
    private int port;

    @ArgGroup
    private Key key;

    @Option(names = "--name", paramLabel = "NAME", description = "What requests call the model (default: the name of the folder).")
    private String name;

    @Option(names = "--max-requests", paramLabel = "N", description = "Requests that wait or run; more are answered with 429 (default: ${DEFAULT-VALUE}).",
            defaultValue = "256")
    private int maxRequests;

    @Option(names = "--max-batch", paramLabel = "N", description = "Requests that run together (default: " + BATCH + ", on a GPU no more than its engines were built for).")
    private Integer maxBatch;

    @Option(names = "--kv-budget", paramLabel = "SIZE", description = "Memory for the KV caches of running requests, such as 512MiB (default: a quarter of this "
            + "machine's memory; on a GPU half of what its engines leave free of its own).")
    private String kvBudget;

    @Option(names = "--max-body", paramLabel = "SIZE", description = "Size of a request (default: 1MiB, or 16MiB for a bundle that takes images).")
    private String maxBody;

    @Option(names = "--max-pixels", paramLabel = "N", description = "Pixels of an image in a request (default: ${DEFAULT-VALUE}).", defaultValue = "25000000")
    private int maxPixels;

    @Option(names = "--max-prompt-tokens", paramLabel = "N", description = "Tokens of a prompt (default: the model's context, on a GPU no more than its engines were built for).")
    private Integer maxPrompt;

    @Option(names = "--max-new-tokens", paramLabel = "N", description = "New tokens of a request (default: ${DEFAULT-VALUE}).", defaultValue = "4096")
    private int maxNewTokens;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "Time of a request, waiting included (default: ${DEFAULT-VALUE}).", defaultValue = "300")
    private int timeout;

    @Option(names = "--grace", paramLabel = "SECONDS", description = "Time that running requests have after SIGINT or SIGTERM (default: ${DEFAULT-VALUE}).",
            defaultValue = "30")
    private int grace;

    @Option(names = "--chat-template", paramLabel = "own|plain", description = "How a conversation becomes a prompt: by the model's own chat template where it has one "
            + "(default), or as plain lines.", defaultValue = "own")
    private ChatForm chat;

    @Option(names = "--device", paramLabel = "DEVICE", completionCandidates = Devices.class, description = "What computes: ${COMPLETION-CANDIDATES}. auto takes the GPU where the "
            + "bundle, a driver and engines for it are there, else the CPU (default).", defaultValue = "auto")
    private DeviceKind device;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute; 0 takes all cores (default).", defaultValue = "0")
    private int threads;

    /** What makes prompts of conversations. */
    private enum ChatForm {
        OWN, PLAIN
    }

    /** At most one of the two. */
    private static final class Key {
        @Option(names = "--api-key", paramLabel = "KEY", description = "What clients must send; needed on a host that other machines reach. Other users of this "
                + "machine see it in the list of processes.")
        private String key;

        @Option(names = "--api-key-file", paramLabel = "FILE", description = "The same, from the only line of a file.")
        private Path file;
    }

    public DeployCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        positive("--max-requests", maxRequests);
        if (maxBatch != null) {
            positive("--max-batch", maxBatch);
        }
        positive("--max-new-tokens", maxNewTokens);
        positive("--timeout", timeout);
        if (maxPixels < 1 || maxPixels > ImageLimits.DEFAULT.pixels()) {
            throw new InputException("--max-pixels is " + maxPixels + ", expected 1 to " + ImageLimits.DEFAULT.pixels());
        }
        if (maxPrompt != null) {
            positive("--max-prompt-tokens", maxPrompt);
        }
        if (grace < 0 || grace > MOST) {
            throw new InputException("--grace is " + grace + ", expected 0 to " + MOST);
        }
        var capacity = new Capacity(maxBatch == null ? OptionalInt.empty() : OptionalInt.of(maxBatch), maxPrompt == null ? OptionalInt.empty() : OptionalInt.of(maxPrompt),
                kvBudget == null ? OptionalLong.empty() : OptionalLong.of(ByteSizeParser.parse("--kv-budget", kvBudget, Long.MAX_VALUE)));
        var batch = new BatchLimits(maxRequests, capacity.rows().orElse(BATCH), capacity.kvBytes().orElseGet(() -> Machine.memory().orElse(Runtime.getRuntime().maxMemory()) / MEMORY_PART),
                UNREAD);
        var options = new ServerOptions(host, port, key(), batch, (int) ByteSizeParser.parse("--max-body", maxBody == null ? BODY : maxBody, Integer.MAX_VALUE), maxPixels,
                capacity.promptTokens().orElse(Integer.MAX_VALUE), maxNewTokens, Duration.ofSeconds(timeout));
        Bundle opened = Bundles.openDecoder(bundle);
        boolean images = maxBody == null && opened.has(Bundle.VISION);
        new Deployment(console, images ? options.withBody(BODY_WITH_IMAGES) : options, capacity, device, OrtOptions.DEFAULT.withThreads(threads), Duration.ofSeconds(grace), chat == ChatForm.PLAIN).of(opened, name());
        return Main.DONE;
    }

    private Optional<String> key() throws IOException {
        if (key == null) {
            return Optional.empty();
        }
        return Optional.of(key.key != null ? key.key : ApiKeyFile.read(key.file));
    }

    private String name() {
        if (name != null) {
            if (!name.matches("[\\w.:/-]{1,200}")) {
                throw new InputException("--name is \"" + name + "\", expected letters, digits and . : / - _");
            }
            return name;
        }
        return bundle.toAbsolutePath().normalize().getFileName().toString();
    }

    private static void positive(String option, int value) {
        if (value < 1 || value > MOST) {
            throw new InputException(option + " is " + value + ", expected 1 to " + MOST);
        }
    }
}
