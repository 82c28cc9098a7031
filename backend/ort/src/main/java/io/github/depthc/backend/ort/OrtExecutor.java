package io.github.depthc.backend.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.depthc.backend.onnx.EmitOptions;
import io.github.depthc.backend.onnx.EmittedWeight;
import io.github.depthc.backend.onnx.Emission;
import io.github.depthc.backend.onnx.OnnxEmitter;
import io.github.depthc.backend.onnx.WeightPlacement;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightReader;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Executor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;

/** Runs flat graphs for passes; F32 weights are used where they are mapped, others are converted while a program is open. */
public final class OrtExecutor implements Executor {
    // The weights have no file: their memory is handed over by name.
    private static final WeightPlacement IN_MEMORY = weight -> new WeightPlacement.Placed("memory", 0, f32(weight).byteSize(), DType.F32);

    private final OrtEnvironment environment;

    public OrtExecutor(OrtOptions options) {
        this.environment = OrtRuntime.environment(options);
    }

    /**
     * @throws InputException       for an op without an ONNX form, or a single weight over 2 GiB in F32
     * @throws UncheckedIOException if ONNX Runtime refuses the graph
     */
    @Override
    public Program compile(Region graph, WeightStore weights) {
        Emission emission = OnnxEmitter.emit(graph, new EmitOptions(false, ""), IN_MEMORY);
        Arena arena = Arena.ofShared();
        var tensors = new ArrayList<OnnxTensor>();
        // A program runs a few times: prepacking would cost more than it gives.
        try (OrtSession.SessionOptions options = OrtRuntime.session(false)) {
            var initializers = new HashMap<String, ai.onnxruntime.OnnxTensorLike>();
            for (EmittedWeight w : emission.weights()) {
                OnnxTensor tensor = NativeTensor.wrap(environment, memory(w.expr(), weights, arena), DType.F32, w.expr().type().fixedShape());
                tensors.add(tensor);
                initializers.put(w.name(), tensor);
            }
            options.addExternalInitializers(initializers);
            OrtSession session = environment.createSession(emission.model().toByteArray(), options);
            return new OrtProgram(environment, session, graph, arena, tensors);
        } catch (OrtException e) {
            free(tensors, arena);
            throw OrtRuntime.failure("cannot load a graph", e);
        } catch (IOException e) {
            free(tensors, arena);
            throw new UncheckedIOException(e);
        } catch (RuntimeException | Error e) {
            free(tensors, arena);
            throw e;
        }
    }

    static void free(List<OnnxTensor> tensors, Arena arena) {
        tensors.forEach(OnnxTensor::close);
        arena.close();
    }

    private static WeightExpr f32(WeightExpr weight) {
        return weight.type().dtype() == DType.F32 ? weight : new WeightExpr.Cast(weight, DType.F32);
    }

    private static MemorySegment memory(WeightExpr weight, WeightStore store, Arena arena) throws IOException {
        WeightExpr f32 = f32(weight);
        if (f32.byteSize() > Integer.MAX_VALUE) {
            throw new InputException("a weight " + weight.type() + " takes " + f32.byteSize() + " bytes in F32, the executor's limit is "
                    + Integer.MAX_VALUE);
        }
        Optional<WeightStore.Extent> mapped = WeightReader.contiguous(f32, store);
        if (mapped.isPresent()) {
            return mapped.get().bytes();
        }
        MemorySegment memory = arena.allocate(f32.byteSize(), 64);
        try (var channel = new SegmentChannel(memory)) {
            WeightReader.write(f32, store, channel);
        }
        return memory;
    }
}
