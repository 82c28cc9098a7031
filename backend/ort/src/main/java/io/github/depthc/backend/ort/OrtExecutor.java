// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.onnx.OnnxNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Executor;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.IntStream;

/** Runs flat graphs for passes; F32 weights are used where they are mapped, others are converted while a program is open. */
public final class OrtExecutor implements Executor {
    private final OrtOptions options;
    private final long largestInMemory;

    public OrtExecutor(OrtOptions options) {
        this(options, Integer.MAX_VALUE);
    }

    OrtExecutor(OrtOptions options, long largestInMemory) {
        this.options = options;
        this.largestInMemory = largestInMemory;
    }

    /**
     * @throws InputException       for an op without an ONNX form, or a weight with a NaN or an infinity
     * @throws UncheckedIOException if ONNX Runtime refuses the graph
     */
    @Override
    public Decoder decoder(Model decoder) {
        // How many tokens a layer keeps is not to be read from a flat graph, and need not be known.
        List<LayerPlan> plans = IntStream.range(0, decoder.info().layers()).mapToObj(LayerPlan::unknown).toList();
        return new OrtDecoder(OrtEngine.load(BundleSpec.of(decoder).layers(plans).build(), options));
    }

    /**
     * @throws InputException       for an op without an ONNX form
     * @throws UncheckedIOException if ONNX Runtime refuses the graph, or a temporary file cannot be written
     */
    @Override
    public Program compile(Region graph, WeightStore store) {
        OrtEnvironment environment = OrtRuntime.environment(options);
        // A program runs a few times: prepacking would cost more than it gives.
        LoadedGraph loaded = LoadedGraph.of(environment, graph, store, false, false, largestInMemory);
        try {
            return new OrtProgram(environment, loaded.session(), loaded::close,
                    IntStream.range(0, graph.yields().size()).mapToObj(OnnxNames::output).toList());
        } catch (OrtException e) {
            loaded.close();
            throw OrtRuntime.failure("cannot load a graph", e);
        }
    }
}
