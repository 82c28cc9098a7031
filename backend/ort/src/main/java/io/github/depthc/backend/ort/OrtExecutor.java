// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Executor;
import java.io.UncheckedIOException;

/** Runs flat graphs for passes; F32 weights are used where they are mapped, others are converted while a program is open. */
public final class OrtExecutor implements Executor {
    private final OrtEnvironment environment;
    private final long largestInMemory;

    public OrtExecutor(OrtOptions options) {
        this(options, Integer.MAX_VALUE);
    }

    OrtExecutor(OrtOptions options, long largestInMemory) {
        this.environment = OrtRuntime.environment(options);
        this.largestInMemory = largestInMemory;
    }

    /**
     * @throws InputException       for an op without an ONNX form
     * @throws UncheckedIOException if ONNX Runtime refuses the graph, or a temporary file cannot be written
     */
    @Override
    public Program compile(Region graph, WeightStore store) {
        // A program runs a few times: prepacking would cost more than it gives.
        LoadedGraph loaded = LoadedGraph.of(environment, graph, store, false, false, largestInMemory);
        try {
            return new OrtProgram(environment, loaded, graph.yields().size());
        } catch (OrtException e) {
            loaded.close();
            throw OrtRuntime.failure("cannot load a graph", e);
        }
    }
}
