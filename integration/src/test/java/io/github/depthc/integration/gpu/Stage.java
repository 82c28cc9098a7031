// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import java.io.IOException;
import java.time.Duration;
import java.util.Locale;

/** The stages, in their order. Each runs in a process of its own, since what it calls can end the process. */
enum Stage {
    /** What the machine is, and what it can do at best. */
    ENVIRONMENT(3, EnvironmentStage::run),
    /** Every kernel against plain Java. */
    KERNELS(4, KernelStage::run),
    /** The same under compute-sanitizer. */
    SANITIZER(9, SanitizerStage::run),
    /** A small model: built, checked, the same tokens as on the CPU. */
    ENGINES(9, EngineStage::run),
    /** The 7B shape: random weights, converted, built. */
    PREPARE(9, PrepareStage::run),
    /** Prefill, decode and routing steps of that shape. */
    TIMINGS(5, TimingStage::run),
    /** That shape as γ-MoD: built, its decode steps. */
    GAMMA(7, GammaStage::run),
    /** The same decoder in PyTorch. */
    TORCH(5, TorchStage::run);

    private final Duration limit;
    private final Body body;

    Stage(int minutes, Body body) {
        this.limit = Duration.ofMinutes(minutes);
        this.body = body;
    }

    /** What a stage does. */
    @FunctionalInterface
    interface Body {
        void run(Setting setting, Findings findings) throws IOException, InterruptedException;
    }

    String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** How long it may take. */
    Duration limit() {
        return limit;
    }

    void run(Setting setting, Findings findings) throws IOException, InterruptedException {
        body.run(setting, findings);
    }
}
