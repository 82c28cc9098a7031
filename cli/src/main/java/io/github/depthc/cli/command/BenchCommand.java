// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.bench.Bench;
import io.github.depthc.cli.bench.BenchReport;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.run.Bundles;
import io.github.depthc.cli.run.DeviceKind;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.ModelInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code depthc bench}: a bundle against a dense run. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        header = "Measure a bundle against a dense run or another bundle.",
        description = "Prefill, decode, KV bytes, FLOPs ratio and time ratio. Both run in turns in one process, on random tokens.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc bench out/stories260k --prompt-tokens 128,256",
            "  depthc bench LLAVA_BUNDLE --image photo.jpg",
            "  depthc bench BUNDLE --prompt-tokens 2048 --against DENSE_BUNDLE --json",
        })
public final class BenchCommand implements Callable<Integer> {
    private static final String DENSE = "dense";

    private final Console console;

    @Parameters(paramLabel = "BUNDLE", description = "Folder that depthc convert wrote.")
    private Path bundle;

    @Option(names = "--prompt-tokens", paramLabel = "N", split = ",", description = "Prompt lengths (default: those of 128, 512 and 2048 that fit).")
    private List<Integer> promptTokens = List.of();

    @Option(names = "--image", paramLabel = "FILE", description = "An image that the prompt shows; once for each. --prompt-tokens then counts the text (default: 64).")
    private List<Path> images = List.of();

    @Option(names = "--new-tokens", paramLabel = "N", description = "Decode steps after each prompt (default: ${DEFAULT-VALUE}).", defaultValue = "32")
    private int newTokens;

    @Option(names = "--against", paramLabel = "BUNDLE|dense", description = "Another bundle, or dense: the same bundle with no prompt token skipped (default).",
            defaultValue = DENSE)
    private String against;

    @Option(names = "--rounds", paramLabel = "N", description = "Measured rounds, after one that is not counted (default: ${DEFAULT-VALUE}).", defaultValue = "5")
    private int rounds;

    @Option(names = "--device", paramLabel = "DEVICE", completionCandidates = Devices.class, description = "What computes: ${COMPLETION-CANDIDATES}. auto takes the GPU where the "
            + "bundle, a driver and engines for it are there, else the CPU (default).", defaultValue = "auto")
    private DeviceKind device;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute (default: all cores).", defaultValue = "0")
    private int threads;

    @Option(names = "--json", description = "Print one JSON object instead of a table.")
    private boolean json;

    public BenchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        var bench = new Bench(promptTokens, images, newTokens, rounds, device, OrtOptions.DEFAULT.withThreads(threads));
        if (against.isEmpty()) {
            throw new InputException("--against is empty, expected a bundle or dense");
        }
        Bundle subject = Bundles.openDecoder(bundle);
        Optional<Bundle> other = against.equals(DENSE) ? Optional.empty() : Optional.of(Bundles.openDecoder(Path.of(against)));
        other.ifPresent(o -> compare(subject, o));
        new BenchReport(console, bench).print(subject, other, json);
        return Main.DONE;
    }

    /** Both get the same tokens; figures of two models that are not forms of one are not what most expect. */
    private void compare(Bundle subject, Bundle other) {
        ModelInfo a = subject.info().model();
        ModelInfo b = other.info().model();
        if (a.vocab() != b.vocab()) {
            throw new InputException("--against " + against + ": has a vocabulary of " + b.vocab() + ", expected " + a.vocab() + " as in " + bundle
                    + ": both get the same tokens; give a bundle of the same model");
        }
        if (!shape(a).equals(shape(b))) {
            console.note(against + " is of another model (" + shape(b) + ") than " + bundle + " (" + shape(a) + "): the ratios compare two models, not two "
                    + "forms of one.");
        }
    }

    private static String shape(ModelInfo m) {
        return m.architecture() + ", " + m.layers() + " layers, hidden " + m.hidden() + ", MLP " + m.intermediate() + ", " + m.heads() + " heads of "
                + m.headDim() + ", " + m.kvHeads() + " KV heads";
    }
}
