// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.eval;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.KeptTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.cli.convert.BundleAssembly;
import io.github.depthc.cli.convert.Conversion;
import io.github.depthc.cli.convert.ConversionOptions;
import io.github.depthc.cli.plan.PromptFlops;
import io.github.depthc.cli.plan.RoutedModel;
import io.github.depthc.cli.run.Bundles;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** One of the two models that are compared: a bundle, or a checkpoint, which runs as it was trained. */
final class Subject implements AutoCloseable {
    private final Path folder;
    private final Engine engine;
    private final Model flat;
    private final Checkpoint checkpoint;

    private Subject(Path folder, Engine engine, Model layered, Checkpoint checkpoint) {
        this.folder = folder;
        this.engine = engine;
        this.flat = BuiltinPasses.lowered(layered);
        this.checkpoint = checkpoint;
    }

    /** Loads a bundle, or a checkpoint without writing a bundle. */
    static Subject open(Path folder, OrtOptions options) throws IOException {
        return Bundle.isBundle(folder) ? bundle(Bundles.openDecoder(folder), options) : checkpoint(folder, options);
    }

    private static Subject bundle(Bundle bundle, OrtOptions options) throws IOException {
        return new Subject(bundle.folder(), OrtEngine.open(bundle, options), RoutedModel.of(bundle), null);
    }

    private static Subject checkpoint(Path folder, OrtOptions options) throws IOException {
        Checkpoint checkpoint = Checkpoint.open(folder);
        try {
            Model model = Importer.load(checkpoint);
            Bundles.requireDecoder(folder, !model.encoder());
            ConversionOptions asItIs = ConversionOptions.plan(model.routed() ? null : "none", null);
            Cost.Mix any = new Cost.Mix(0, 1);
            Conversion conversion = Conversion.of(model, asItIs, m -> any, PassContext.builder().executor(new OrtExecutor(options)).build(),
                    PassRegistry.load());
            return new Subject(folder, OrtEngine.load(BundleAssembly.parts(checkpoint, conversion).build(), options), model, checkpoint);
        } catch (RuntimeException | Error e) {
            checkpoint.close();
            throw e;
        }
    }

    Path folder() {
        return folder;
    }

    BundleInfo info() {
        return engine.info();
    }

    /** An empty sequence. */
    Slot slot() {
        return engine.open();
    }

    /** Prefills with the tokens that the model's own rule lets it skip. */
    StepOutput prefill(Slot slot, int[] prompt) {
        return named(() -> slot.prefill(PromptInput.of(prompt)));
    }

    StepOutput step(Slot slot, int token) {
        return named(() -> engine.step(List.of(slot), new int[] {token}));
    }

    /** Of two models a failure has to say which. */
    private StepOutput named(Supplier<StepOutput> work) {
        try {
            return work.get();
        } catch (UncheckedIOException e) {
            throw new UncheckedIOException(new IOException(folder + ": " + e.getCause().getMessage(), e));
        }
    }

    /** FLOPs of a prefill that left these caches. */
    double flops(int tokens, int[] cacheLengths) {
        int candidates = CandidateTokens.DEFAULT.count(tokens, info().candidates());
        int[] kept = KeptTokens.of(info().layers(), tokens, candidates, cacheLengths);
        return PromptFlops.of(flat, tokens, candidates, kept).total();
    }

    @Override
    public void close() {
        engine.close();
        Optional.ofNullable(checkpoint).ifPresent(Checkpoint::close);
    }
}
