// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.depthc.backend.onnx.EmitOptions;
import io.github.depthc.backend.onnx.EmittedWeight;
import io.github.depthc.backend.onnx.Emission;
import io.github.depthc.backend.onnx.OnnxEmitter;
import io.github.depthc.backend.onnx.OnnxFiles;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.op.LinearNBits;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** A graph in a session, made without a bundle; F32 weights are used where they are mapped, others are converted while it is open. */
record LoadedGraph(Emission emission, OrtSession session, ProgramWeights weights) implements AutoCloseable {
    /**
     * Emits and loads a graph.
     *
     * @param prepacking whether weights are prepacked; matrices in integers are in any case, without which a token takes 60 times as long
     * @param largest bytes of the largest weight that is handed over in memory
     * @throws InputException       for an op without an ONNX form, or a weight with a NaN or an infinity
     * @throws UncheckedIOException if ONNX Runtime refuses the graph, or a temporary file cannot be written
     */
    static LoadedGraph of(OrtEnvironment environment, Region graph, WeightStore store, boolean portable, boolean prepacking, long largest) {
        var weights = new ProgramWeights(environment, store, largest);
        try (OrtSession.SessionOptions options = OrtRuntime.session(prepacking || hasIntegers(graph))) {
            Emission emission = OnnxEmitter.emit(graph, new EmitOptions(portable, ""), weights);
            for (EmittedWeight w : emission.weights()) {
                weights.load(w);
            }
            options.addExternalInitializers(weights.tensors());
            return new LoadedGraph(emission, session(environment, emission, weights, options), weights);
        } catch (OrtException e) {
            weights.close();
            throw OrtRuntime.failure("cannot load a graph", e);
        } catch (IOException e) {
            weights.close();
            throw new UncheckedIOException(e);
        } catch (RuntimeException | Error e) {
            weights.close();
            throw e;
        }
    }

    private static boolean hasIntegers(Region graph) {
        return graph.nodes().stream().anyMatch(n -> n.kind() instanceof LinearNBits || n.regions().stream().anyMatch(LoadedGraph::hasIntegers));
    }

    private static OrtSession session(OrtEnvironment environment, Emission emission, ProgramWeights weights, OrtSession.SessionOptions options)
            throws IOException, OrtException {
        if (weights.folder().isEmpty()) {
            return environment.createSession(emission.model().toByteArray(), options);
        }
        Path file = weights.folder().get().resolve("model.onnx");
        OnnxFiles.write(emission.model(), file);
        return environment.createSession(file.toString(), options);
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw OrtRuntime.failure("cannot close a graph", e);
        } finally {
            weights.close();
        }
    }
}
