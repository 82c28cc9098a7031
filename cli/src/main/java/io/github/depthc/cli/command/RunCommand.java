// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.SamplingOptions;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.output.OutputFolder;
import io.github.depthc.cli.run.BundleRun;
import io.github.depthc.cli.run.DeviceKind;
import io.github.depthc.cli.run.CandidatesParser;
import io.github.depthc.cli.run.LogitsFile;
import io.github.depthc.cli.run.RunOptions;
import io.github.depthc.cli.run.SamplingParser;
import io.github.depthc.cli.run.TokenIdsParser;
import io.github.depthc.image.ImageFile;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code depthc run}: text out of a bundle. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        header = "Run a bundle on a prompt.",
        description = "Standard output gets the new text alone, as it is made; figures go to standard error.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc run out/stories260k --prompt \"Once upon a time\"",
            "  depthc run out/stories260k --input-ids 1 --max-new-tokens 200 --json",
            "  depthc run out/stories260k --prompt \"Lily and Tom\" --temperature 0.8 --seed 7",
            "  depthc run BUNDLE --prompt \"...\" --candidates 35:611  (image tokens only)",
            "  depthc run LLAVA_BUNDLE --image photo.jpg \\",
            "      --prompt \"What is in the picture?\" --show-routing routing.png",
        })
public final class RunCommand implements Callable<Integer> {
    /** What the virtual machine puts for bytes of the command line that are no characters of the locale. */
    private static final char UNREADABLE = '\uFFFD';

    private final Console console;

    @Parameters(paramLabel = "BUNDLE", description = "Folder that depthc convert wrote.")
    private Path bundle;

    @ArgGroup(multiplicity = "1")
    private Prompt prompt;

    @Option(names = "--image", paramLabel = "FILE", description = "An image that the prompt shows: JPEG, PNG or WebP; once for each. They stand before the text, or where it has <image>. "
            + "The text becomes a conversation's first turn, by the model's chat template or Vicuna's.")
    private List<Path> images = List.of();

    @Option(names = "--system", paramLabel = "TEXT", description = "What the system says before the user's turn, of a model that takes images.")
    private String system;

    @Option(names = "--show-routing", paramLabel = "FILE.png", description = "Draw over the images how many layers processed each place. A PNG file that is there is replaced.")
    private Path showRouting;

    @Option(names = "--candidates", paramLabel = "A:B|none", description = "Prompt positions that layers may skip, from A to before B, counted from 0; "
            + "several joined by commas. none: no position may be skipped; layers that route new tokens by a threshold (gamma-MoD) still "
            + "do. Default: the bundle's own rule.")
    private String candidates;

    @Option(names = "--max-new-tokens", paramLabel = "N", description = "Stop after this many new tokens (default: ${DEFAULT-VALUE}).", defaultValue = "128")
    private int newTokens;

    @Option(names = "--temperature", paramLabel = "T", description = "Sample at this temperature, 0 to 100; 0 takes the most probable token (default).", defaultValue = "0")
    private double temperature;

    @Option(names = "--top-p", paramLabel = "P", description = "Sample among the most probable tokens that reach this probability (default: 1, all); with --temperature.")
    private Double topP;

    @Option(names = "--seed", paramLabel = "S", description = "Seed of the sampling (default: 0); with --temperature.")
    private Long seed;

    @Option(names = "--logprobs", paramLabel = "K", description = "Show each new token's log probability and the K most probable tokens in its place.", defaultValue = "0")
    private int logprobs;

    @Option(names = "--device", paramLabel = "DEVICE", completionCandidates = Devices.class, description = "What computes: ${COMPLETION-CANDIDATES}. auto takes the GPU where the "
            + "bundle, a driver and engines for it are there, else the CPU (default).", defaultValue = "auto")
    private DeviceKind device;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute; 0 takes all cores (default).", defaultValue = "0")
    private int threads;

    @Option(names = "--save-logits", paramLabel = "FILE", description = "Write the logits of every prompt position as safetensors: logits F32 [prompt "
            + "length, vocab]. A file of logits that is there is replaced.")
    private Path saveLogits;

    @Option(names = "--json", description = "Print one JSON object at the end instead of text: prompt_ids, output_ids, text, kept_per_layer, kv_bytes, "
            + "kv_bytes_dense, timings and more.")
    private boolean json;

    /** What is replaced must be a file of the user's own: no folder, no device, nothing of the bundle. */
    private void checkLogitsFile() throws IOException {
        if (Files.exists(saveLogits, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(saveLogits, LinkOption.NOFOLLOW_LINKS)) {
            throw new InputException("--save-logits " + saveLogits + ": is no regular file; give the name of a new file");
        }
        Path folder = saveLogits.toAbsolutePath().normalize().getParent();
        if (folder != null && Files.isDirectory(folder) && Files.isDirectory(bundle) && folder.toRealPath().startsWith(bundle.toRealPath())) {
            throw new InputException("--save-logits " + saveLogits + ": lies inside the bundle, which must not change; give a path outside of it");
        }
        if (Files.exists(saveLogits) && !LogitsFile.mayReplace(saveLogits)) {
            throw new InputException("--save-logits " + saveLogits + ": exists already and is no file of logits, so it is not replaced; remove it or give "
                    + "another name");
        }
        OutputFolder.of(saveLogits).requireWritable();
    }

    /** As with a file of logits; and there must be an image to draw on. */
    private void checkPicture() throws IOException {
        if (showRouting == null) {
            return;
        }
        if (images.isEmpty()) {
            throw new InputException("--show-routing draws on an image, expected one; add --image FILE or remove it");
        }
        if (!showRouting.toString().toLowerCase(Locale.ROOT).endsWith(".png") || Files.exists(showRouting, LinkOption.NOFOLLOW_LINKS)
                && !Files.isRegularFile(showRouting, LinkOption.NOFOLLOW_LINKS)) {
            throw new InputException("--show-routing " + showRouting + ": expected the name of a PNG file that is new or to be replaced");
        }
        if (Files.isRegularFile(showRouting) && !ImageFile.isPng(showRouting)) {
            throw new InputException("--show-routing " + showRouting + ": exists already and is no PNG file, so it is not replaced; remove it or give another name");
        }
        for (Path image : images) {
            if (Files.exists(showRouting) && Files.exists(image) && Files.isSameFile(showRouting, image)) {
                throw new InputException("--show-routing " + showRouting + ": is an image of the prompt; give another name");
            }
        }
        Path folder = showRouting.toAbsolutePath().normalize().getParent();
        if (folder != null && Files.isDirectory(folder) && Files.isDirectory(bundle) && folder.toRealPath().startsWith(bundle.toRealPath())) {
            throw new InputException("--show-routing " + showRouting + ": lies inside the bundle, which must not change; give a path outside of it");
        }
        if (folder != null && !Files.isDirectory(folder)) {
            throw new InputException("--show-routing " + showRouting + ": there is no folder " + folder + "; make it or give another name");
        }
        OutputFolder.of(showRouting).requireWritable();
    }

    /** Exactly one of the two. */
    private static final class Prompt {
        @Option(names = "--prompt", paramLabel = "TEXT", description = "The prompt as text, tokenised with the model's tokenizer.")
        private String text;

        @Option(names = "--input-ids", paramLabel = "ID,ID,...", description = "The prompt as token ids.")
        private String ids;
    }

    public RunCommand(Console console) {
        this.console = console;
    }

    private SamplingOptions sampling() {
        if (temperature == 0 && (topP != null || seed != null)) {
            throw new InputException((topP != null ? "--top-p" : "--seed") + " has no effect: without --temperature the most probable token is taken; add "
                    + "--temperature T or remove it");
        }
        return SamplingParser.parse(temperature, topP == null ? 1 : topP, seed == null ? 0 : seed);
    }

    @Override
    public Integer call() throws IOException {
        if (saveLogits != null) {
            checkLogitsFile();
        }
        checkPicture();
        if (prompt.text != null && prompt.text.indexOf(UNREADABLE) >= 0 && !"UTF-8".equalsIgnoreCase(System.getProperty("sun.jnu.encoding"))) {
            throw new InputException("the prompt has characters that this locale cannot pass on; set a UTF-8 locale, such as LC_ALL=C.UTF-8");
        }
        var options = new RunOptions(prompt.text, prompt.ids == null ? null : TokenIdsParser.parse(prompt.ids), CandidatesParser.parse(candidates),
                newTokens, sampling(), logprobs, device, OrtOptions.DEFAULT.withThreads(threads), Optional.ofNullable(saveLogits),
                new RunOptions.Images(images, Optional.ofNullable(system), Optional.ofNullable(showRouting)));
        new BundleRun(console, options, json).of(bundle);
        return Main.DONE;
    }
}
