// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.bundle.BundleWriter;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.bundle.WriteProgress;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Writes and opens bundles for tests. */
final class Bundles {
    static final PassRegistry REGISTRY = PassRegistry.load();

    private Bundles() {
    }

    /** A model after a pipeline. */
    static Model run(Model model, String pipeline) {
        return run(model, pipeline, PassContext.builder().build());
    }

    /** The same with more for the passes to use. */
    static Model run(Model model, String pipeline, PassContext context) {
        return Pipeline.parse(pipeline, REGISTRY).run(model, context, Pipeline.Listener.NONE);
    }

    /** A model with layers, lowered in the usual way, as a bundle. */
    static Bundle write(Model layered, Path folder, boolean portable) throws IOException {
        BundleSpec spec = BundleSpec.of(run(layered, BuiltinPasses.LOWERING)).layers(layered.layers().stream().map(n -> LayerPlan.of((DecoderLayer) n.kind(), Optional.empty())).toList()).portable(portable).toolVersion("test").build();
        BundleWriter.write(spec, folder, false, WriteProgress.NONE);
        return Bundle.open(folder);
    }

    static Engine engine(Bundle bundle) throws IOException {
        return OrtEngine.open(bundle, OrtOptions.DEFAULT.withThreads(2));
    }
}
