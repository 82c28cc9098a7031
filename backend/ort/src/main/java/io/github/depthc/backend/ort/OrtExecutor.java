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
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Executor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

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
        var weights = new ProgramWeights(environment, store, largestInMemory);
        // A program runs a few times: prepacking would cost more than it gives.
        try (OrtSession.SessionOptions options = OrtRuntime.session(false)) {
            Emission emission = OnnxEmitter.emit(graph, new EmitOptions(false, ""), weights);
            for (EmittedWeight w : emission.weights()) {
                weights.load(w);
            }
            options.addExternalInitializers(weights.tensors());
            return new OrtProgram(environment, session(emission, weights, options), graph.yields().size(), weights);
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

    private OrtSession session(Emission emission, ProgramWeights weights, OrtSession.SessionOptions options)
            throws IOException, OrtException {
        if (weights.folder().isEmpty()) {
            return environment.createSession(emission.model().toByteArray(), options);
        }
        Path file = weights.folder().get().resolve("model.onnx");
        OnnxFiles.write(emission.model(), file);
        return environment.createSession(file.toString(), options);
    }
}
