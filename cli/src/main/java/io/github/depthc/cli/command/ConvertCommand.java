// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleWriter;
import io.github.depthc.backend.bundle.EngineParts;
import io.github.depthc.backend.bundle.WeightsVariant;
import io.github.depthc.backend.kernels.Cubins;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.calibration.Calibration;
import io.github.depthc.cli.calibration.CalibrationOptions;
import io.github.depthc.cli.calibration.ImageSamples;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Interrupts;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.LastWords;
import io.github.depthc.cli.console.Program;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.cli.console.Shell;
import io.github.depthc.cli.convert.BundleAssembly;
import io.github.depthc.cli.convert.Conversion;
import io.github.depthc.cli.convert.ConversionOptions;
import io.github.depthc.cli.convert.ConversionReport;
import io.github.depthc.cli.convert.GpuParts;
import io.github.depthc.cli.convert.ImageComponents;
import io.github.depthc.cli.convert.ImageSource;
import io.github.depthc.cli.convert.LayerMeasurement;
import io.github.depthc.cli.convert.MeasurementJournal;
import io.github.depthc.cli.convert.MeasurementSubject;
import io.github.depthc.cli.convert.MeasuringEstimate;
import io.github.depthc.cli.convert.RunLine;
import io.github.depthc.cli.convert.RouterWeights;
import io.github.depthc.cli.convert.WriteEstimate;
import io.github.depthc.cli.doctor.Machine;
import io.github.depthc.cli.opt.PassSetup;
import io.github.depthc.cli.opt.PluginJars;
import io.github.depthc.cli.output.Obstacles;
import io.github.depthc.cli.output.OutputFolder;
import io.github.depthc.cli.plan.ParameterCount;
import io.github.depthc.cli.plan.PlanReport;
import io.github.depthc.cli.plan.PromptMix;
import io.github.depthc.cli.report.Measured;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.checkpoint.RouterFile;
import io.github.depthc.frontend.sentence.SentencePooling;
import io.github.depthc.frontend.vision.ImageParts;
import io.github.depthc.frontend.vision.LlavaCheckpoint;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.passes.builtin.allocate.BudgetOf;
import io.github.depthc.passes.builtin.convert.ConvertToMod;
import io.github.depthc.passes.builtin.lower.EmbeddingSplit;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code depthc convert}: a checkpoint in, a bundle out. */
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        header = "Convert a checkpoint to a Mixture-of-Depths bundle.",
        description = "Prints what becomes of each layer, writes the bundle, and ends with the command that runs it.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc convert samples/checkpoints/stories260k -o out/stories260k",
            "  depthc convert CHECKPOINT -o BUNDLE --layers arank:50%% \\",
            "      --schedule 'constant(0.5)'",
            "  depthc convert CHECKPOINT -o BUNDLE --budget 0.6 --dry-run",
            "  depthc convert CHECKPOINT -o BUNDLE --budget 0.6 --calibration texts.jsonl",
            "  depthc convert CHECKPOINT -o BUNDLE --budget 0.6 --budget-of time \\",
            "      --calibration texts.jsonl",
            "  depthc convert CHECKPOINT -o BUNDLE --layers none         (a dense bundle)",
            "  depthc convert LLAVA -o BUNDLE --vision-tower CLIP_FOLDER",
            "  depthc convert CHECKPOINT -o BUNDLE --pipeline \\",
            "      'select-layers{layers=[1, 3]},schedule{average=0.4},convert-to-mod'",
        })
public final class ConvertCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "CHECKPOINT", description = "Folder of a HuggingFace checkpoint: config.json and safetensors files, or pytorch_model.bin.")
    private Path checkpoint;

    @Option(names = {"-o", "--output"}, paramLabel = "BUNDLE", description = "Folder to write; must not exist or be empty (see --force).")
    private Path output;

    @Option(names = "--layers", paramLabel = "SEL", description = "Layers to convert: all, none, 3,5,7-9, odd, deep (2 to L-2), prd (those the schedule "
            + "selects; default), arank:K, arank:50%%, arank:auto (ranks below the midpoint of lowest and highest, never the first or last layer).")
    private String layers;

    @Option(names = "--schedule", paramLabel = "SCHED", description = {"Their retention ratios:", "prd(average=0.5,max=0.85,min=0.15) (default),",
            "linear(...) likewise, constant(0.5),", "list(1,1,0.8,...)."})
    private String schedule;

    @Option(names = "--budget", paramLabel = "RATIO", description = "Solve the schedule for this FLOPs ratio (or see --budget-of), more than 0 and less than 1, at the prompt "
            + "given by --text-tokens and --vision-tokens. With --calibration FILE: choose each layer's ratio by what the model answers on that text (most recent tokens "
            + "kept; of an encoder, those that receive most attention, or random ones below 0.75), counted as both models are run on it; what was measured is kept beside BUNDLE until that is written, and an interrupted command goes on when it is given again.")
    private Double budget;

    @Option(names = "--budget-of", paramLabel = "WHAT", completionCandidates = Counts.class, description = "What --budget counts: ${COMPLETION-CANDIDATES} (default: "
            + "flops). kv: bytes of the KV cache behind the prompt; time, with --calibration FILE alone: the layers' prefill time, each the median of several runs on this machine's CPU, "
            + "which is to do nothing else.")
    private BudgetOf budgetOf;

    @Option(names = "--style", paramLabel = "STYLE", completionCandidates = Styles.class, description = "Kind of Mixture-of-Depths layer: ${COMPLETION-CANDIDATES}. "
            + "Default: plain (evenly spaced selection, gate one), or what the routers fit. pmod skips image tokens only.")
    private ConvertToMod.Style style;

    @Mixin
    private CalibrationOptions calibration;

    @Option(names = "--routers", paramLabel = "FILE", description = "Trained routers in a safetensors (or PyTorch .bin) file, named as in the published checkpoints.")
    private Path routers;

    @Option(names = "--vision-tower", paramLabel = "DIR", description = "Folder of the CLIP checkpoint that an original LLaVA checkpoint takes its images through, where it does not have it in it.")
    private Path visionTower;

    @Option(names = "--pipeline", paramLabel = "TEXT", description = "Passes to run instead of what --layers, --schedule, --budget and --style mean (see the examples); '' means none, as in opt: the model stays as it is.")
    private String pipeline;

    @Option(names = "--print-pipeline", description = "Print the passes that the other options mean as a text for --pipeline, here or in opt; write nothing.")
    private boolean printPipeline;

    @Mixin
    private PluginJars plugins;

    @Mixin
    private WeightsOptions weights = new WeightsOptions();

    @Mixin
    private GpuOptions gpu = new GpuOptions();

    @Option(names = "--portable", description = "Emit standard ONNX operators only, for other runtimes.")
    private boolean portable;

    @Option(names = "--dry-run", description = "Print the plan and the disk, memory and time it will take (with --budget and --calibration: what measuring will take); write nothing.")
    private boolean dryRun;

    @Option(names = "--force", description = "Replace the bundle if it exists.")
    private boolean force;

    @Option(names = "--json", description = "Print one JSON object instead of tables.")
    private boolean json;

    @Mixin
    private PromptMix prompt;

    public ConvertCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        var options = new ConversionOptions(Optional.ofNullable(layers), Optional.ofNullable(schedule),
                budget == null ? OptionalDouble.empty() : OptionalDouble.of(budget), Optional.ofNullable(budgetOf), Optional.ofNullable(style), Optional.ofNullable(pipeline),
                routers != null, calibration.given(), Optional.empty(), false);
        if (Bundle.isBundle(checkpoint)) {
            throw new InputException(checkpoint + ": is a bundle already, expected a checkpoint; run it with " + Program.command() + " run "
                    + Shell.quote(checkpoint.toString()));
        }
        if (output == null && !printPipeline) {
            throw new ParameterException(spec.commandLine(), "missing required option: '--output=BUNDLE'");
        }
        if (printPipeline && (dryRun || force || output != null)) {
            throw new InputException((dryRun ? "--dry-run" : force ? "--force" : "--output") + " has no effect: --print-pipeline writes nothing; remove one of them");
        }
        PassRegistry registry = plugins.load(console);
        if (!printPipeline) {
            var obstacles = new Obstacles(dryRun);
            OutputFolder folder = OutputFolder.of(output);
            obstacles.check(() -> {
                BundleWriter.checkTarget(output, force);
                folder.requireWritable();
            });
            try (Checkpoint opened = LlavaCheckpoint.open(checkpoint); RouterFile given = openRouters(); Checkpoint tower = openTower()) {
                convert(opened, Optional.ofNullable(given), Optional.ofNullable(tower), options, folder, obstacles, registry);
            }
            return Main.DONE;
        }
        try (Checkpoint opened = LlavaCheckpoint.open(checkpoint); RouterFile given = openRouters(); Progress progress = console.progress()) {
            PassContext context = PassSetup.context(samples(opened, options, registry), Optional.ofNullable(given), progress).build();
            String text = Conversion.pipeline(Importer.load(opened), options.quantizing(weights(parameters(opened)).quantize()).withImages(LlavaSettings.describes(opened.config())), prompt::mix, context, registry).toString();
            if (json) {
                JsonOutput.print(console, JsonOutput.object().put("pipeline", text));
            } else {
                console.text(text + "\n");
            }
        }
        return Main.DONE;
    }

    private Checkpoint openTower() throws IOException {
        return visionTower == null ? null : Checkpoint.open(visionTower);
    }

    private RouterFile openRouters() throws IOException {
        if (routers == null) {
            return null;
        }
        RouterFile given = RouterFile.open(routers);
        // the passes of a pipeline may know names of their own
        if (pipeline == null) {
            try {
                given.requireRouters();
            } catch (InputException e) {
                given.close();
                throw e;
            }
        }
        return given;
    }

    private Supplier<List<Sample>> samples(Checkpoint opened, ConversionOptions options, PassRegistry registry) {
        return calibration.text(options.measuresAnswers(registry)).reader(() -> opened, "or select layers without ARank, such as --layers odd");
    }

    private static ParameterCount parameters(Checkpoint opened) {
        return ParameterCount.of(Importer.tensors(opened.config(), Importer.dtype(opened)).values());
    }

    private WeightsOptions.Choice weights(ParameterCount count) {
        return weights.choose(count.total() * DType.F32.bytes(), Machine.memory().orElse(Long.MAX_VALUE), portable, pipeline != null, gpu.choice(Cubins.ARCHITECTURES).map(GpuOptions.Choice::rowType));
    }

    private void convert(Checkpoint opened, Optional<RouterFile> given, Optional<Checkpoint> tower, ConversionOptions asked, OutputFolder folder, Obstacles obstacles,
            PassRegistry registry) throws IOException {
        Model dense = Importer.load(opened);
        ParameterCount count = parameters(opened);
        long weightBytes = count.bytes();
        Optional<ImageSource> images = ImageSource.of(opened, dense, tower);
        images.ifPresent(i -> prompt.assumeImage(i.parts().settings().usualTokens()));
        var sources = new HashMap<String, WeightStore>(Map.of(Checkpoint.SOURCE, opened));
        given.ifPresent(r -> sources.put(RouterFile.SOURCE, r));
        tower.ifPresent(t -> sources.put(ImageParts.TOWER_SOURCE, t));
        dense = dense.withWeights(WeightStore.bySource(sources));
        WeightsOptions.Choice choice = weights(count);
        ConversionOptions options = asked.quantizing(choice.quantize()).withImages(images.isPresent());
        if (dense.encoder() && options.measuresAnswers(registry) && SentencePooling.of(opened.dir()).mode() == SentencePooling.Mode.CLS) {
            throw new InputException(opened.dir() + ": its vector of a text is the first token's hidden state, but what would be measured is the mean of all tokens'; "
                    + "choose the ratios by a schedule, such as --schedule 'list(1,0.7,0.7,1)'");
        }
        var remarks = new ArrayList<String>();
        remarks.addAll(choice.remarks());
        if (choice.quantize().isPresent() && images.isPresent()) {
            remarks.add("Of a model that takes images the decoder's weights alone are put into integers; the vision tower and the projector stay in F32.");
        }
        if (choice.quantize().isEmpty()) {
            obstacles.check(() -> folder.requireSpace("a copy of the weights", weightBytes));
        }
        Optional<Path> shown = calibration.images();
        Measurable measured = shown.isEmpty() ? new Measurable(dense, weightBytes, images, samples(opened, options, registry))
                : measured(opened, dense, weightBytes, images, shown.get(), options.measuresAnswers(registry));
        measure(opened, given, measured, options, choice.variant(), remarks, folder, obstacles, registry);
    }

    /** A model, the bytes of its checkpoint's weights, and what it is measured on. */
    private record Measurable(Model dense, long weightBytes, Optional<ImageSource> images, Supplier<List<Sample>> samples) {
    }

    /** Images and text to measure on: then the model is cut before its layers are converted. */
    private Measurable measured(Checkpoint opened, Model dense, long weightBytes, Optional<ImageSource> images, Path shown, boolean answers) {
        ImageSource taken = images.orElseThrow(() -> new InputException(shown + ": has images, but " + opened.dir() + " takes none; expected text alone"));
        EmbeddingSplit split = ImageComponents.split(dense, taken.parts());
        return new Measurable(split.decoder(), weightBytes, Optional.of(taken.cut(split)), Calibration.once(reader(opened, taken, dense, split, shown, answers)));
    }

    private void measure(Checkpoint opened, Optional<RouterFile> given, Measurable measured, ConversionOptions options, WeightsVariant variant, List<String> remarks,
            OutputFolder folder, Obstacles obstacles, PassRegistry registry) throws IOException {
        Model dense = measured.dense();
        var read = new AtomicBoolean();
        Supplier<List<Sample>> samples = () -> {
            read.set(true);
            return measured.samples().get();
        };
        if (options.mayMeasure(registry)) {
            OrtEngine.prepare();
        }
        if (dryRun) {
            Optional<MeasuringEstimate> estimate = estimate(dense, samples, given, options, registry);
            if (estimate.isPresent()) {
                estimate.get().print(console, json, measured.weightBytes(), folder.free());
                obstacles.print(console);
                return;
            }
        }
        try (var journal = new MeasurementJournal(MeasurementJournal.beside(output),
                () -> MeasurementSubject.digest(opened, given.map(RouterFile::file), samples.get()), console::note)) {
            try {
                final Conversion conversion;
                final Measured seen;
                // an interrupted computation must not outlive the runtime's own shutdown
                try (Progress progress = console.progress(); LastWords _ = LastWords.of(() -> {
                    progress.end();
                    journal.kept().ifPresent(kept -> console.note("Interrupted; " + kept + "."));
                })) {
                    PassContext context = PassSetup.context(samples, given, progress).memo(journal).remarks(d -> remark(d, remarks)).build();
                    conversion = Conversion.of(dense, options, prompt::mix, context, registry);
                    seen = dryRun && read.get() ? Measured.not("nothing is written.") : LayerMeasurement.of(conversion, read.get(), context);
                }
                write(opened, given, measured.images(), conversion, seen, variant, remarks, folder, obstacles, registry);
                if (!dryRun) {
                    journal.delete();
                }
            } catch (Exception e) {
                journal.kept().ifPresent(kept -> console.note("Not converted; " + kept + "."));
                throw e;
            }
        }
    }

    private Supplier<List<Sample>> reader(Checkpoint opened, ImageSource images, Model dense, EmbeddingSplit split, Path file, boolean answers) {
        return () -> {
            try {
                return new ImageSamples(opened, images, dense, split).read(file, calibration.text(answers).samples(), new OrtExecutor(OrtOptions.DEFAULT));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }

    /** What measuring will take, where answers are to be measured. */
    private Optional<MeasuringEstimate> estimate(Model dense, Supplier<List<Sample>> samples, Optional<RouterFile> given, ConversionOptions options,
            PassRegistry registry) {
        try (Interrupts _ = Interrupts.endAtOnce(); Progress progress = console.progress()) {
            return Conversion.estimate(dense, options, prompt::mix, PassSetup.context(samples, given, progress).build(), registry);
        }
    }

    private void write(Checkpoint opened, Optional<RouterFile> given, Optional<ImageSource> images, Conversion conversion, Measured seen, WeightsVariant variant, List<String> remarks,
            OutputFolder folder, Obstacles obstacles, PassRegistry registry) throws IOException {
        given.flatMap(r -> RouterWeights.unused(r, conversion.lowered())).ifPresent(remarks::add);
        given.flatMap(r -> RouterWeights.moved(r, conversion.layered(), conversion.lowered())).ifPresent(remarks::add);
        if (given.isEmpty()) {
            RouterWeights.requireNone(conversion.lowered());
        }
        PlanReport plan = conversion.report(prompt.mix(conversion.layered()));
        var assembly = new BundleAssembly(opened, images, conversion, plan, remarks, seen, commandLine(),
                RunLine.of(Program.NAME, output, opened, conversion.layered().encoder(), images));
        long start = System.nanoTime();
        Optional<EngineParts> engines = engines(opened, conversion, images, variant, registry);
        double kernelSeconds = engines.filter(e -> !e.kernels().isEmpty()).isPresent() ? (System.nanoTime() - start) / 1e9 : 0;
        BundleAssembly.Assembled bundle = assembly.assemble(variant, portable, engines);
        long bytes = bundle.size().total();
        obstacles.check(() -> folder.requireSpace("the bundle", bytes));
        var report = new ConversionReport(console, json, conversion, plan, assembly.remarks());
        report.printPlan();
        if (dryRun) {
            report.estimate(WriteEstimate.of(conversion, bundle.spec(), bytes, folder.free(), opened, kernelSeconds), bundle.spec().engines());
            obstacles.print(console);
            return;
        }
        try (Progress progress = console.progress()) {
            BundleWriter.write(bundle.spec(), output, force, progress);
        }
        report.written(output, bytes, bundle.weights(), (System.nanoTime() - start) / 1e9, RunLine.of(Program.command(), output, opened, conversion.layered().encoder(), images), bundle.spec().engines());
    }

    private Optional<EngineParts> engines(Checkpoint opened, Conversion conversion, Optional<ImageSource> images, WeightsVariant variant, PassRegistry registry) throws IOException {
        Optional<GpuOptions.Choice> choice = gpu.choice(Cubins.ARCHITECTURES);
        if (choice.isEmpty()) {
            return Optional.empty();
        }
        DType rowType = choice.get().rowType();
        if (variant == WeightsVariant.BF16 && rowType != DType.BF16 && Importer.dtype(opened) != DType.BF16) {
            throw new InputException("--weights bf16 and --precision " + (rowType == DType.F16 ? "fp16" : "fp32") + ": the CPU would have the checkpoint's weights rounded to BF16, the GPU those of the checkpoint, "
                    + "which are two models in one bundle; give --precision bf16, or --weights fp32");
        }
        if (images.isPresent()) {
            throw new InputException("--target tensorrt: " + checkpoint + " takes images, and such bundles run on the CPU alone so far; leave it out");
        }
        if (choice.get().form() == EngineParts.Form.SINGLE) {
            return Optional.of(GpuParts.single(conversion, rowType, registry));
        }
        try (Progress progress = console.progress()) {
            return Optional.of(GpuParts.of(conversion, rowType, choice.get().architectures(), choice.get().nvrtc(), registry, progress));
        }
    }

    private static void remark(Diagnostic d, List<String> remarks) {
        String where = d.location().toString();
        remarks.add((where.isEmpty() ? "" : where + ": ") + d.message());
    }

    private String commandLine() {
        return "depthc " + Shell.join(spec.commandLine().getParseResult() == null ? List.of() : spec.root().commandLine().getParseResult().originalArgs());
    }

    /** Values of {@code --budget-of}. */
    static final class Counts extends EnumNames {
        Counts() {
            super(BudgetOf.class);
        }
    }

    /** Values of {@code --style}. */
    static final class Styles extends EnumNames {
        Styles() {
            super(ConvertToMod.Style.class);
        }
    }
}
