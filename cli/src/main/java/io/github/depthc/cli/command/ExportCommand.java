// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.WeightsVariant;
import io.github.depthc.backend.engines.EngineExport;
import io.github.depthc.backend.engines.GenaiFolder;
import io.github.depthc.backend.engines.TritonRepository;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.cli.console.Shell;
import io.github.depthc.cli.console.Units;
import io.github.depthc.cli.export.BundleCheckpoint;
import io.github.depthc.cli.export.ExportTarget;
import io.github.depthc.cli.export.GraphDifference;
import io.github.depthc.cli.output.OutputFolder;
import io.github.depthc.cli.run.Bundles;
import io.github.depthc.frontend.arch.gammamod.GammaExport;
import io.github.depthc.frontend.arch.pmod.PmodExport;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.export.CheckpointExport;
import io.github.depthc.frontend.export.ExportFormat;
import io.github.depthc.frontend.export.ExportOptions;
import io.github.depthc.frontend.export.TokenType;
import io.github.depthc.frontend.safetensors.ShardedWriter;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code depthc export}: a bundle in, a checkpoint or a folder for another engine out. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        header = "Write a bundle as a p-MoD or γ-MoD checkpoint, or for another serving engine.",
        description = {
            "pmod, gamma: a checkpoint for fine-tuning and running with the published code of these models. Converting it again gives the logits of the "
                    + "bundle. Weights keep the type that they have in the bundle.",
            "triton: a model repository for the Triton Inference Server (ONNX Runtime backend), and a client for it.",
            "genai: a folder that onnxruntime-genai loads; for dense models.",
            "What a format cannot express is refused by name.",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc export BUNDLE --format pmod -o CHECKPOINT",
            "  depthc export BUNDLE --format pmod --init-routers --token-type all \\",
            "      -o CHECKPOINT                 (a bundle that was made without routers)",
            "  depthc export BUNDLE --format triton -o DIR",
        })
public final class ExportCommand implements Callable<Integer> {
    private static final double MOST_SHARD_GB = 1000;
    private static final double SHARD_GB = 2;

    private final Console console;

    @Parameters(paramLabel = "BUNDLE", description = "Folder that depthc convert wrote.")
    private Path bundle;

    @Option(names = "--format", required = true, paramLabel = "FORMAT", completionCandidates = Formats.class, description = "What to write: ${COMPLETION-CANDIDATES}.")
    private Format format;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "DIR", description = "Folder to write; must not exist or be empty (see --force).")
    private Path output;

    @Option(names = "--init-routers", description = "With pmod: write new routers, all zero, for a bundle that was made without. From then on "
            + "routers select, not what selected in the bundle.")
    private boolean initRouters;

    @Option(names = "--token-type", paramLabel = "TYPE", completionCandidates = TokenTypes.class, description = "With pmod: which tokens may be skipped, "
            + "mod_target_token_type: ${COMPLETION-CANDIDATES} (default: as in the bundle; vision_all with --init-routers).")
    private TokenType tokenType;

    @Option(names = "--shard-gb", paramLabel = "N", description = "With pmod and gamma: most gigabytes (1e9 bytes) in one file (default: 2).")
    private Double shardGb;

    @Option(names = "--force", description = "Replace what an export wrote there, and nothing else.")
    private boolean force;

    @Option(names = "--json", description = "Print one JSON object instead of text.")
    private boolean json;

    public ExportCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (shardGb != null && !(shardGb > 0 && shardGb <= MOST_SHARD_GB)) {
            throw new InputException("--shard-gb is " + shardGb + ", expected more than 0, at most " + Units.plain(MOST_SHARD_GB));
        }
        Bundle opened = Bundles.open(bundle);
        if (opened.has(Bundle.VISION)) {
            throw new InputException(bundle + ": takes images, " + (format == Format.GENAI
                    ? "and onnxruntime-genai has no model type for LLaVA: it prepares images and makes their places in the prompt itself, by fixed rules of each type"
                    : "and a bundle of several graphs cannot be exported yet") + ". Serve this bundle with depthc deploy; expected one of text alone");
        }
        OutputFolder folder = ExportTarget.of(output, bundle, force);
        switch (format) {
            case PMOD -> checkpoint(opened, folder, new PmodExport());
            case GAMMA -> checkpoint(opened, folder, new GammaExport());
            case TRITON -> engine(folder, TritonRepository.of(opened, tokenizer(opened)));
            case GENAI -> engine(folder, GenaiFolder.of(opened, tokenizer(opened)));
        }
        return Main.DONE;
    }

    private void checkpoint(Bundle opened, OutputFolder folder, ExportFormat to) throws IOException {
        try (BundleCheckpoint from = BundleCheckpoint.open(opened)) {
            var options = new ExportOptions(initRouters, Optional.ofNullable(tokenType));
            CheckpointExport export = CheckpointExport.of(from.source(), to, options);
            List<Path> copies = BundleCheckpoint.copies(opened);
            folder.requireSpace("the checkpoint", export.bytes());
            long start = System.nanoTime();
            try (Progress progress = console.progress()) {
                export.write(output, force, copies, from.store(), (long) ((shardGb == null ? SHARD_GB : shardGb) * 1e9), (done, total) -> progress.at("writing", done, total));
            }
            report(export, notes(opened, export), (System.nanoTime() - start) / 1e9);
        }
    }

    private void engine(OutputFolder folder, EngineExport export) throws IOException {
        if (initRouters || tokenType != null || shardGb != null) {
            throw new InputException((initRouters ? "--init-routers" : tokenType != null ? "--token-type" : "--shard-gb") + " is for --format pmod and gamma, which write "
                    + "checkpoints; remove it");
        }
        long bytes = export.bytes();
        folder.requireSpace("the folder", bytes);
        long start = System.nanoTime();
        try (Progress progress = console.progress()) {
            export.write(output, force, done -> progress.at("writing", done, bytes));
        }
        if (json) {
            JsonOutput.print(console, JsonOutput.object().put("output", output.toString()).put("format", format.name().toLowerCase(Locale.ROOT)).put("bytes", bytes));
            return;
        }
        console.line("Wrote " + output + ": " + (format == Format.TRITON ? "a model repository in models, client.py, " : "genai_config.json, model.onnx, ") + Units.bytes(bytes)
                + ", in " + Units.duration((System.nanoTime() - start) / 1e9));
        console.line(format == Format.TRITON ? "Its README.md says how to serve it: tritonserver --model-repository=" + Shell.quote(output.resolve("models").toString())
                : "In Python: onnxruntime_genai.Model(\"" + output + "\")");
        if (format == Format.GENAI && Files.exists(output.resolve(Tokenizer.FILE))) {
            console.line("Its onnxruntime_genai.Tokenizer puts the tokens that begin a text (BOS) before one only after update_options(add_special_tokens=\"true\")");
        }
    }

    /** The tokenizer's files and {@code config.json}, which tokenizers of others look into. */
    private static List<Path> tokenizer(Bundle opened) throws IOException {
        var files = new ArrayList<>(Checkpoint.tokenizerFiles(opened.folder()));
        Optional.of(opened.file(Checkpoint.CONFIG)).filter(Files::isRegularFile).ifPresent(files::add);
        return files;
    }

    private List<String> notes(Bundle opened, CheckpointExport export) throws IOException {
        var notes = new ArrayList<>(export.notes());
        if (!initRouters) {
            GraphDifference.between(opened, export).ifPresent(difference -> notes.add("The bundle's graph is not the one that this checkpoint compiles "
                    + "to (" + difference + "): other passes or another version of depthc made it. What such passes compute is not in a checkpoint: "
                    + "convert it and compare, with depthc eval."));
        }
        boolean source = opened.component(Bundle.DECODER).weights() == WeightsVariant.SOURCE;
        if (!source) {
            notes.add("The weights are in F32, as the bundle has them; that is exact. Convert with --weights source to export in the checkpoint's own type.");
        }
        if (export.config().has("mm_vision_tower") && export.tensors().keySet().stream().noneMatch(n -> n.startsWith("model.mm_projector."))) {
            notes.add("There are no tensors of the vision tower and the projector, which config.json names: the bundle does not have them"
                    + (source ? "." : "; a bundle made with --weights source does, where the checkpoint did."));
        }
        return notes;
    }

    private void report(CheckpointExport export, List<String> notes, double seconds) {
        String type = export.config().requireString("model_type");
        if (json) {
            ObjectNode o = JsonOutput.object().put("output", output.toString()).put("model_type", type).put("tensors", export.tensors().size())
                    .put("bytes", export.bytes()).put("dtype", export.dtype().text());
            notes.forEach(o.putArray("notes")::add);
            JsonOutput.print(console, o);
            return;
        }
        console.line("Wrote " + output + ": " + type + ", " + export.tensors().size() + " tensors, " + Units.bytes(export.bytes()) + ", most of them in "
                + export.dtype() + ", in " + Units.duration(seconds));
        notes.forEach(console::note);
    }

    /** Values of {@code --format}. */
    static final class Formats extends EnumNames {
        Formats() {
            super(Format.class);
        }
    }

    /** Values of {@code --token-type}. */
    static final class TokenTypes extends EnumNames {
        TokenTypes() {
            super(TokenType.class);
        }
    }

    private enum Format {
        PMOD, GAMMA, TRITON, GENAI
    }
}
