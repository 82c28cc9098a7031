// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.Verify;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.calibration.Calibration;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Interrupts;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.cli.console.Units;
import io.github.depthc.cli.convert.Conversion;
import io.github.depthc.cli.convert.ConversionOptions;
import io.github.depthc.cli.convert.GpuPart;
import io.github.depthc.cli.convert.RoundedWeights;
import io.github.depthc.cli.plan.ParameterCount;
import io.github.depthc.cli.plan.PlanJson;
import io.github.depthc.cli.plan.PlanReport;
import io.github.depthc.cli.plan.PlanTable;
import io.github.depthc.cli.plan.PromptMix;
import io.github.depthc.cli.plan.RoutedModel;
import io.github.depthc.cli.plan.ScheduleParser;
import io.github.depthc.cli.plan.SelectorParser;
import io.github.depthc.cli.run.Bundles;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.arch.llava.HuggingFaceLlava;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code depthc inspect}: what a model is, what a conversion would make of it, and what that costs. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        header = "Show a model's plan layer by layer and what a prompt costs.",
        description = "Architecture, parameters, the plan of a conversion, and what a prompt costs dense and converted. Writes nothing.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc inspect samples/checkpoints/stories260k",
            "  depthc inspect config.json --vision-tokens 576 --text-tokens 58",
            "  depthc inspect CHECKPOINT --layers odd --schedule 'constant(0.5)' --json",
            "  depthc inspect out/stories260k                       (a bundle: its own plan)",
            "",
            "FLOPs are 2 for each multiply-accumulate of the linear layers over the tokens a",
            "layer processes, and of the LM head over all tokens; attention scores and KV",
            "bytes stand in columns of their own.",
        })
public final class InspectCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "CHECKPOINT|BUNDLE|CONFIG.json", description = "Folder of a HuggingFace checkpoint, a bundle, or a config.json alone.")
    private Path path;

    @Option(names = "--layers", paramLabel = "SEL", description = "Layers to convert: all, none, 3,5,7-9, odd, deep (2 to L-2), prd (those the "
            + "schedule selects; default), arank:K, arank:50%%, arank:auto.")
    private String layers;

    @Option(names = "--schedule", paramLabel = "SCHED", description = {"Their retention ratios:", "prd(average=0.5,max=0.85,min=0.15) (default),",
            "linear(...) likewise, constant(0.5),", "list(1,1,0.8,...)."})
    private String schedule;

    @Mixin
    private PromptMix prompt;

    @Option(names = "--verify", description = "Of a bundle: check the SHA-256 of every file; without it, only samples of large files are checked.")
    private boolean verify;

    @Option(names = "--json", description = "Print one JSON object instead of tables.")
    private boolean json;

    /**
     * What is inspected.
     *
     * @param kind    of the path given
     * @param weights said about the parameters
     * @param bundle  said about a bundle
     * @param bytes   of a bundle
     * @param plan    where the plan comes from
     * @param remarks what the user should know
     * @param rounded what integers cost a bundle's weights
     * @param gpu     what a bundle has for GPUs
     */
    private record Subject(String kind, String weights, Optional<String> bundle, OptionalLong bytes, String plan, List<String> remarks, Optional<RoundedWeights> rounded,
            Optional<GpuPart.Written> gpu) {
        Subject(String kind, String weights, Optional<String> bundle, OptionalLong bytes, String plan, List<String> remarks) {
            this(kind, weights, bundle, bytes, plan, remarks, Optional.empty(), Optional.empty());
        }
    }

    public InspectCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (!Files.exists(path)) {
            throw new InputException(path + ": does not exist, expected a checkpoint's folder, a bundle or a config.json");
        }
        Path folder = path.endsWith(Bundle.JSON) ? path.toAbsolutePath().getParent() : path;
        if (Bundle.isBundle(folder) || Bundle.isIncomplete(folder)) {
            bundle(Bundles.open(folder, verify ? Verify.FULL : Verify.QUICK));
        } else if (verify) {
            throw new InputException(path + ": is no bundle, and --verify checks the files of a bundle; remove it");
        } else if (Files.isRegularFile(path) || !hasWeights(path)) {
            JsonObject config = Checkpoint.config(path);
            Model model = Importer.fromConfig(config, nameOf(path));
            assumeImage(config);
            if (layers != null && SelectorParser.measures(layers)) {
                throw new InputException("--layers " + layers + ": measures the weights, but " + path + " is a configuration alone");
            }
            show(report(convert(model, LlavaSettings.describes(config), PassContext.builder().build())), declared(config),
                    new Subject("config", " (by config.json alone)", Optional.empty(), OptionalLong.empty(), origin(model),
                            Importer.generationIds(config, Optional.empty()).leftOut()));
        } else {
            checkpoint();
        }
        return Main.DONE;
    }

    private void checkpoint() throws IOException {
        try (Checkpoint opened = Checkpoint.open(path)) {
            Model model = Importer.load(opened);
            assumeImage(opened.config());
            Conversion conversion;
            if (layers != null && SelectorParser.measures(layers)) {
                OrtEngine.prepare();
            }
            try (Interrupts _ = Interrupts.endAtOnce(); Progress progress = console.progress()) {
                conversion = convert(model, LlavaSettings.describes(opened.config()), PassContext.builder().executor(new OrtExecutor(OrtOptions.DEFAULT))
                        .calibration(() -> Calibration.of(null).samples(opened, "or select layers without ARank, such as --layers odd")).progress(progress).build());
            }
            int files = opened.files().size();
            show(report(conversion), ParameterCount.of(opened.tensors().values().stream().map(t -> t.type()).toList()),
                    new Subject("checkpoint", files == 1 ? "" : " in " + files + " files", Optional.empty(), OptionalLong.empty(), origin(model),
                            Importer.generationIds(opened).leftOut()));
        }
    }

    private void bundle(Bundle bundle) throws IOException {
        if (layers != null || schedule != null) {
            throw new InputException(path + ": is a bundle, whose plan is fixed; --layers and --schedule are for checkpoints");
        }
        BundleInfo info = bundle.info();
        JsonObject config = Checkpoint.config(bundle.folder());
        if (bundle.has(Bundle.VISION)) {
            LlavaSettings.read(bundle.folder()).ifPresent(s -> prompt.assumeImage(s.usualTokens()));
        }
        Model model = RoutedModel.of(bundle);
        String written = info.components().stream().map(c -> c.runtime() + ", weights " + c.weights().text() + (c.portable() ? ", portable" : ""))
                .findFirst().orElse("no graph");
        String about = Units.bytes(bundle.bytes()) + " in " + (info.files().size() + 1) + " files, written by depthc " + info.toolVersion() + " for " + written;
        List<String> remarks = verify ? List.of("Verified: every byte of " + info.files().size() + " files has the SHA-256 of " + Bundle.JSON + ".") : List.of();
        show(PlanReport.of(model, prompt.mix(model), Optional.empty()), declared(config), new Subject("bundle", " in the checkpoint", Optional.of(about),
                OptionalLong.of(bundle.bytes()), "as converted", remarks, RoundedWeights.of(bundle), GpuPart.Written.in(bundle)));
    }

    /** Where the configuration describes a vision tower, or names one whose shape is known. */
    private void assumeImage(JsonObject config) {
        try {
            LlavaSettings.of(config, Optional.empty()).ifPresent(s -> prompt.assumeImage(s.usualTokens()));
        } catch (InputException e) {
            // The decoder of an original checkpoint is of use without its images; convert says what of them is not supported.
            if (HuggingFaceLlava.is(config)) {
                throw e;
            }
        }
    }

    private static ParameterCount declared(JsonObject config) {
        return ParameterCount.of(Importer.tensors(config, Importer.statedDType(config)).values());
    }

    private String origin(Model imported) {
        if (imported.routed()) {
            return "as trained";
        }
        String select = layers == null ? SelectorParser.BY_SCHEDULE : layers.strip();
        if (select.equals("none")) {
            return "by --layers none";
        }
        return "by " + (select.equals(SelectorParser.BY_SCHEDULE) ? "" : "--layers " + select + ", ") + (schedule == null ? ScheduleParser.DEFAULT : schedule);
    }

    private Conversion convert(Model model, boolean images, PassContext context) {
        return Conversion.of(model, ConversionOptions.plan(layers, schedule).withImages(images), prompt::mix, context, PassRegistry.load());
    }

    private PlanReport report(Conversion conversion) {
        return conversion.report(prompt.mix(conversion.layered()));
    }

    private void show(PlanReport plan, ParameterCount parameters, Subject subject) {
        if (json) {
            ObjectNode o = PlanJson.of(plan);
            parameters.put(o.putObject("parameters"));
            o.put("source", subject.kind());
            subject.bytes().ifPresent(b -> o.put("bytes", b));
            subject.rounded().ifPresent(r -> o.set("quantization", r.json()));
            subject.gpu().ifPresent(g -> g.put(o.putObject("gpu")));
            subject.remarks().forEach(o.putArray("remarks")::add);
            JsonOutput.print(console, o);
            return;
        }
        PlanTable.printModel(plan.info(), console);
        console.line("Weights  " + parameters + subject.weights());
        subject.bundle().ifPresent(b -> console.line("Bundle   " + b));
        subject.gpu().ifPresent(g -> g.print(console));
        console.line("Plan     " + plan.modLayers() + " of " + plan.info().layers() + " layers MoD, " + subject.plan());
        PlanTable.printPlan(plan, console);
        subject.rounded().ifPresent(r -> r.print(console));
        subject.remarks().forEach(console::note);
    }

    /** Whether a folder has more of a checkpoint than its configuration. */
    private static boolean hasWeights(Path folder) {
        return !Files.isDirectory(folder) || !Files.isRegularFile(folder.resolve("config.json"))
                || Checkpoint.hasData(folder);
    }

    private static String nameOf(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        Path folder = Files.isDirectory(absolute) ? absolute : absolute.getParent();
        Path name = folder == null ? null : folder.getFileName();
        return name == null ? "model" : name.toString();
    }
}
