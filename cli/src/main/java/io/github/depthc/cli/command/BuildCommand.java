// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.plan.HostDevice;
import io.github.depthc.backend.plan.Plan;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.tensorrt.BuildCheck;
import io.github.depthc.backend.tensorrt.BuildEstimate;
import io.github.depthc.backend.tensorrt.EngineBuilder;
import io.github.depthc.backend.tensorrt.Gpu;
import io.github.depthc.backend.tensorrt.GpuSupport;
import io.github.depthc.backend.tensorrt.TensorRtEngines;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Interrupts;
import io.github.depthc.cli.console.LastWords;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.cli.console.Units;
import io.github.depthc.cli.run.Bundles;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code depthc build}: the engines of a bundle for the GPU of this machine. */
@Command(
        name = "build",
        mixinStandardHelpOptions = true,
        header = "Build a bundle's TensorRT engines for the GPU of this machine.",
        description = "For bundles converted with --target tensorrt. The engines are compared with the CPU before they are taken, and kept in the bundle, in engines/.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc build BUNDLE",
            "  depthc build BUNDLE --gpu 1 --max-prompt 8192 --max-batch 16",
        })
public final class BuildCommand implements Callable<Integer> {
    private static final int SAMPLE = 64;
    private static final long SEED = 1;

    private final Console console;

    @Parameters(paramLabel = "BUNDLE", description = "Folder that depthc convert --target tensorrt wrote.")
    private Path bundle;

    @Option(names = "--gpu", paramLabel = "N", description = "Which GPU, from 0 (default: ${DEFAULT-VALUE}).", defaultValue = "0")
    private int gpu;

    @Option(names = "--max-prompt", paramLabel = "N", description = "Tokens that a prompt may have (default: the model's context, 4096 at most). Engines are fastest at that many.")
    private Integer maxPrompt;

    @Option(names = "--max-batch", paramLabel = "N", description = "Rows that a decode step may have (default: ${DEFAULT-VALUE}).", defaultValue = "8")
    private int maxBatch;

    public BuildCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (gpu < 0) {
            throw new InputException("--gpu is " + gpu + ", expected 0 or more");
        }
        Bundle opened = Bundles.openDecoder(bundle);
        int context = opened.info().model().context();
        if (maxPrompt != null && maxPrompt > context) {
            throw new InputException("--max-prompt is " + maxPrompt + ", expected at most " + context + ", the model's context");
        }
        var limits = new EngineBuilder.Limits(maxPrompt == null ? Math.min(context, 4096) : maxPrompt, maxBatch);
        try (BundlePlan files = BundlePlan.open(opened)) {
            List<Gpu> gpus = GpuSupport.gpus();
            if (gpu < 0 || gpu >= gpus.size()) {
                throw new InputException("--gpu is " + gpu + ", expected 0 to " + (gpus.size() - 1) + ": there " + (gpus.size() == 1 ? "is one GPU" : "are " + gpus.size()));
            }
            Gpu chosen = gpus.get(gpu);
            PlanFiles planned = PlanFiles.of(files);
            BuildEstimate estimate = BuildEstimate.of(planned);
            console.note(chosen.name() + ": " + estimate.text());
            estimate.lacking(chosen.name(), GpuSupport.freeBytes(chosen)).ifPresent(console::note);
            build(planned, opened.info(), chosen, limits);
            check(files, opened.info(), chosen, limits);
        }
        return Main.DONE;
    }

    private void build(PlanFiles files, BundleInfo info, Gpu chosen, EngineBuilder.Limits limits) throws IOException {
        long start = System.nanoTime();
        var unfinished = new AtomicReference<Runnable>(() -> { });
        // the end of the libraries must not come while one of them builds: the process would crash
        try (LastWords _ = LastWords.of(() -> unfinished.get().run()); Progress progress = console.progress()) {
            Path folder = EngineBuilder.build(files, info, chosen, limits, new EngineBuilder.Progress() {
                @Override
                public void began(Runnable abandon) {
                    unfinished.set(abandon);
                }

                @Override
                public void building(int number, int count, String engine, long weightBytes) {
                    progress.at(engine, number, count);
                }

                @Override
                public void built(int number, int count, String engine, long engineBytes, Duration took) {
                    progress.at(engine, number + 1L, count);
                }
            });
            console.note("Built " + folder + " in " + Units.duration((System.nanoTime() - start) / 1e9));
        }
    }

    /** Each step of a sample prompt and of a decode step, on the GPU and on the CPU. */
    private void check(BundlePlan files, BundleInfo info, Gpu chosen, EngineBuilder.Limits limits) throws IOException {
        Plan onGpu = Plan.of(files.model(), files.rowType());
        Plan onCpu = Plan.of(files.model(), DType.F32);
        int tokens = Math.min(SAMPLE, Math.min(limits.maxPrompt(), info.model().context() - 1));
        int[] ids = new SplittableRandom(SEED).ints(tokens, 0, info.model().vocab()).toArray();
        OrtEngine.prepare();
        try (Interrupts _ = Interrupts.endAtOnce();
                var reference = new PlanEngine(info, onCpu, new HostDevice(onCpu, new OrtExecutor(OrtOptions.DEFAULT)));
                var checked = new PlanEngine(info, onGpu, TensorRtEngines.openUnchecked(PlanFiles.of(files), onGpu, info, files.model().weights(), chosen))) {
            BuildCheck.Report report = BuildCheck.compare(reference, checked, PromptInput.of(ids));
            if (report.mismatch().isPresent()) {
                throw new IOException("the engines differ from the CPU: " + report.mismatch().get() + "; they are not taken");
            }
            TensorRtEngines.accept(PlanFiles.of(files), chosen);
            console.note("Checked against the CPU: " + report.steps() + " results of a prompt of " + tokens + " tokens and a decode step, relative L2 error at most "
                    + String.format(Locale.ROOT, "%.1e", report.largest()));
        }
    }
}
