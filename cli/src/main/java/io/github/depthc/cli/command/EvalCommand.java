// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.eval.Eval;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code depthc eval}: how far a bundle's answers are from another model's. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        header = "Measure how far a bundle's answers are from its checkpoint's.",
        description = {
            "Prompts are prefilled with routing, and their own text is decoded after them token by token by both models. "
                + "Prints likelihoods, the KL divergence of the next-token distributions, agreement, FLOPs and KV bytes, with 95 %% "
                + "intervals by resampling prompts, which one prompt does not have.",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc eval out/stories260k --against samples/checkpoints/stories260k \\",
            "      --data samples/data/tinystories_sample.txt",
            "  depthc eval BUNDLE --against DENSE_BUNDLE --data text.jsonl --plot kl.svg \\",
            "      --json",
        })
public final class EvalCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "BUNDLE", description = "Folder that depthc convert wrote.")
    private Path bundle;

    @Option(names = "--against", required = true, paramLabel = "CHECKPOINT|BUNDLE", description = "What it is measured by: the checkpoint it was made "
            + "from, which runs as it was trained, or another bundle of the same vocabulary.")
    private Path against;

    @Option(names = "--data", paramLabel = "FILE", description = "Text to continue: plain, which is cut into prompts, or .jsonl with a \"text\" in each line, of which the "
            + "beginning is taken; shorter ones are left out (default: the openings of four novels).")
    private Path data;

    @Option(names = "--prompts", paramLabel = "N", description = "Prompts at most (default: ${DEFAULT-VALUE}).", defaultValue = "64")
    private int prompts;

    @Option(names = "--prompt-tokens", paramLabel = "N", description = "Tokens of each prompt (default: ${DEFAULT-VALUE}).", defaultValue = "128")
    private int promptTokens;

    @Option(names = "--continuation-tokens", paramLabel = "N", description = "Tokens decoded after each prompt; both together at most the model's context (default: ${DEFAULT-VALUE}).",
            defaultValue = "32")
    private int continuationTokens;

    @Option(names = "--plot", paramLabel = "FILE.svg", description = "Also draw the KL divergence along the continuation.")
    private Path plot;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute (default: all cores).", defaultValue = "0")
    private int threads;

    @Option(names = "--json", description = "Print one JSON object instead of a table.")
    private boolean json;

    public EvalCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (plot != null && !plot.toString().toLowerCase(Locale.ROOT).endsWith(".svg")) {
            throw new InputException("--plot " + plot + ": is drawn as SVG, expected a name that ends in .svg");
        }
        new Eval(bundle, against, Optional.ofNullable(data), prompts, promptTokens, continuationTokens, threads).print(console, json, plot);
        return Main.DONE;
    }
}
