// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.WeightsVariant;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.cli.console.Units;
import io.github.depthc.cli.export.BundleCheckpoint;
import io.github.depthc.cli.export.ExportTarget;
import io.github.depthc.cli.export.GraphDifference;
import io.github.depthc.cli.output.OutputFolder;
import io.github.depthc.cli.run.Bundles;
import io.github.depthc.frontend.arch.gammamod.GammaExport;
import io.github.depthc.frontend.arch.pmod.PmodExport;
import io.github.depthc.frontend.export.CheckpointExport;
import io.github.depthc.frontend.export.ExportFormat;
import io.github.depthc.frontend.export.ExportOptions;
import io.github.depthc.frontend.export.TokenType;
import io.github.depthc.frontend.safetensors.ShardedWriter;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code depthc export}: a bundle in, a checkpoint out. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        header = "Write a bundle as a p-MoD or γ-MoD checkpoint.",
        description = "For fine-tuning and running with the published code of these models. What the format cannot express is refused by name. Converting "
                + "the checkpoint again gives the logits of the bundle. Weights keep the type that they have in the bundle.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc export BUNDLE --format pmod -o CHECKPOINT",
            "  depthc export BUNDLE --format pmod --init-routers --token-type all \\",
            "      -o CHECKPOINT                 (a bundle that was made without routers)",
        })
public final class ExportCommand implements Callable<Integer> {
    private static final double MOST_SHARD_GB = 1000;

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

    @Option(names = "--shard-gb", paramLabel = "N", description = "Most gigabytes (1e9 bytes) in one file (default: 2).", defaultValue = "2")
    private double shardGb;

    @Option(names = "--force", description = "Replace a p-MoD or γ-MoD checkpoint that is there.")
    private boolean force;

    @Option(names = "--json", description = "Print one JSON object instead of text.")
    private boolean json;

    public ExportCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (!(shardGb > 0 && shardGb <= MOST_SHARD_GB)) {
            throw new InputException("--shard-gb is " + shardGb + ", expected more than 0, at most " + Units.plain(MOST_SHARD_GB));
        }
        Bundle opened = Bundles.open(bundle);
        OutputFolder folder = ExportTarget.of(output, bundle, force);
        try (BundleCheckpoint from = BundleCheckpoint.open(opened)) {
            var options = new ExportOptions(initRouters, Optional.ofNullable(tokenType));
            CheckpointExport export = CheckpointExport.of(from.source(), format.format, options);
            List<Path> copies = BundleCheckpoint.copies(opened);
            folder.requireSpace("the checkpoint", export.bytes());
            long start = System.nanoTime();
            try (Progress progress = console.progress()) {
                export.write(output, force, copies, from.store(), (long) (shardGb * 1e9), (done, total) -> progress.at("writing", done, total));
            }
            report(export, notes(opened, export), (System.nanoTime() - start) / 1e9);
        }
        return Main.DONE;
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
        PMOD(new PmodExport()), GAMMA(new GammaExport());

        private final transient ExportFormat format;

        Format(ExportFormat format) {
            this.format = format;
        }
    }
}
