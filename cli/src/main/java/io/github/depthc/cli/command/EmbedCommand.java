// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.embed.Embedding;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code depthc embed}: vectors of texts out of an encoder's bundle. */
@Command(
        name = "embed",
        mixinStandardHelpOptions = true,
        header = "Give the vectors of texts by an encoder's bundle.",
        description = "Standard output gets one vector to a line; tokens and how many of them each layer kept go to standard error. Pooling and "
            + "normalisation are those of the model's modules.json, else the normalised mean of all tokens.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc embed out/minilm --text \"A man is eating food.\" --text \"He eats.\"",
            "  depthc embed out/minilm --data sentences.jsonl --json",
        })
public final class EmbedCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "BUNDLE", description = "Folder that depthc convert wrote from an encoder, such as a BERT.")
    private Path bundle;

    @ArgGroup(multiplicity = "1")
    private Source source;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute (default: all cores).", defaultValue = "0")
    private int threads;

    @Option(names = "--json", description = "Print one JSON object instead: pooling, seconds, flops, flops_dense, and of each text tokens, kept_per_layer, "
            + "flops, flops_dense and vector.")
    private boolean json;

    /** Exactly one of the two. */
    private static final class Source {
        @Option(names = "--text", paramLabel = "TEXT", description = "A text; several where it is given several times.")
        private List<String> texts;

        @Option(names = "--data", paramLabel = "FILE", description = "Texts: plain, one to a paragraph, or .jsonl with a \"text\" in each line.")
        private Path file;
    }

    public EmbedCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        OrtOptions options = OrtOptions.DEFAULT.withThreads(threads);
        new Embedding(bundle, options).print(source.file == null ? source.texts : Embedding.texts(source.file), json, console);
        return Main.DONE;
    }
}
