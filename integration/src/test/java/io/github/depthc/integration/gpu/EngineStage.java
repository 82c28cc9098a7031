// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.plan.HostDevice;
import io.github.depthc.backend.plan.Plan;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Sampler;
import io.github.depthc.backend.runtime.SamplingOptions;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.backend.tensorrt.BuildCheck;
import io.github.depthc.cli.run.DeviceKind;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** stories260k on the GPU: built, compared step by step with the CPU, the same tokens, the bytes of its caches. */
final class EngineStage {
    private static final int LAYERS = 5;
    private static final int WIDTH = 64;
    private static final int PROMPT = 48;
    private static final int NEW_TOKENS = 64;
    private static final String MIDDLE = "1-3";
    /** Elements of a scale, of weights in integers: the stories' rows are no whole blocks of more. */
    static final int BLOCK = 32;

    private EngineStage() {
    }

    /** A conversion; the most telling ones first, since time may run out. */
    enum Kind {
        PMOD, GAMMA, PLAIN, DENSE, INT8, INT4;

        List<Object> options(Path pmod, Path gamma) {
            return switch (this) {
                case PMOD -> List.of("--style", "pmod", "--routers", pmod, "--layers", MIDDLE, "--schedule", "constant(0.5)");
                case GAMMA -> List.of("--style", "gamma", "--routers", gamma, "--layers", MIDDLE);
                case PLAIN -> List.of("--layers", MIDDLE, "--schedule", "constant(0.5)");
                case DENSE -> List.of("--layers", "none");
                case INT8, INT4 -> List.of("--layers", MIDDLE, "--schedule", "constant(0.5)", "--weights", key(), "--weights-block", BLOCK);
            };
        }

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static void run(Setting setting, Findings findings) throws IOException {
        Path work = Files.createDirectories(setting.work().resolve("stories"));
        Path pmod = work.resolve("pmod.safetensors");
        Path gamma = work.resolve("gamma.safetensors");
        Routers.pmod(pmod, LAYERS, WIDTH);
        Routers.gamma(gamma, WIDTH);
        Path told = work.resolve("told");
        Depthc.run(findings, "prompt", "convert", setting.stories(), "-o", told, "--force", "--layers", "none");
        int[] prompt;
        try (Engine cpu = Depthc.open(Bundle.open(told), DeviceKind.CPU)) {
            prompt = Arrays.copyOf(greedy(cpu, PromptInput.of(1), PROMPT), PROMPT);
        }
        var failed = new ArrayList<String>();
        for (Kind kind : Kind.values()) {
            for (String precision : new String[] {"fp32", "bf16"}) {
                String key = kind.key() + "." + precision;
                try {
                    one(findings, key, kind, precision, setting, work, prompt, kind.options(pmod, gamma));
                } catch (StageFailure | InputException | UncheckedIOException e) {
                    findings.put(key + ".failed", e.getMessage());
                    failed.add(key);
                }
            }
        }
        if (!failed.isEmpty()) {
            throw new StageFailure(String.join(", ", failed));
        }
    }

    private static void one(Findings findings, String key, Kind kind, String precision, Setting setting, Path work, int[] ids, List<Object> options)
            throws IOException {
        Path folder = work.resolve(kind + "-" + precision);
        convert(findings, key, setting, folder, precision, Architecture.ofGpu(), options);
        Depthc.run(findings, key + ".build", "build", folder, "--max-prompt", 256, "--max-batch", 4);
        Bundle bundle = Bundle.open(folder);
        PromptInput prompt = PromptInput.of(ids);
        if (kind == Kind.PMOD || kind == Kind.GAMMA) {
            prompt = prompt.withCandidates(CandidateTokens.range(2, ids.length - 2));
        }
        try (Engine gpu = Depthc.open(bundle, DeviceKind.CUDA)) {
            compare(findings, key, bundle, (PlanEngine) gpu, prompt);
        }
    }

    static void convert(Findings findings, String key, Setting setting, Path folder, String precision, int architecture, List<Object> options) throws IOException {
        var convert = new ArrayList<Object>(List.of("convert", setting.stories(), "-o", folder, "--force", "--target", "tensorrt", "--precision", precision,
                "--gpu-arch", architecture));
        convert.addAll(options);
        Depthc.run(findings, key + ".convert", convert.toArray());
    }

    /** Tokens against those that the same bundle, its weights in integers too, gives on the CPU; keys and values against their prediction; and each step. */
    static void compare(Findings findings, String key, Bundle bundle, PlanEngine gpu, PromptInput prompt) throws IOException {
        try (Engine cpu = Depthc.open(bundle, DeviceKind.CPU)) {
            int first = Arrays.mismatch(greedy(cpu, prompt, NEW_TOKENS), greedy(gpu, prompt, NEW_TOKENS));
            findings.put(key + ".tokens", NEW_TOKENS);
            findings.put(key + ".tokens_equal", first < 0 ? NEW_TOKENS : first);
        }
        findings.put(key + ".kv", KvBytes.of(gpu, prompt));
        steps(findings, key, bundle, gpu, prompt);
    }

    /** Each step against the CPU in FP32, the selection forced. */
    private static void steps(Findings findings, String key, Bundle bundle, PlanEngine gpu, PromptInput prompt) throws IOException {
        try (BundlePlan files = BundlePlan.open(bundle)) {
            Plan plan = Plan.of(files.model(), DType.F32);
            try (var reference = new PlanEngine(bundle.info(), plan, new HostDevice(plan, new OrtExecutor(OrtOptions.DEFAULT)))) {
                BuildCheck.Report report = BuildCheck.compare(reference, gpu, prompt);
                findings.put(key + ".steps.compared", report.steps());
                findings.put(key + ".steps.largest_error", report.largest());
                findings.put(key + ".steps.mismatch", report.mismatch().orElse(""));
            }
        }
    }

    private static int[] greedy(Engine engine, PromptInput prompt, int count) {
        int[] ids = new int[count];
        var sampler = new Sampler(SamplingOptions.GREEDY);
        try (Slot slot = engine.open()) {
            StepOutput out = slot.prefill(prompt);
            for (int i = 0; i < count; i++) {
                ids[i] = sampler.next(out, 0);
                if (i + 1 < count) {
                    out = engine.step(List.of(slot), new int[] {ids[i]});
                }
            }
        }
        return ids;
    }
}
