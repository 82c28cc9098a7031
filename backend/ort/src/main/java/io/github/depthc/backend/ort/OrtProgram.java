// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.github.depthc.ir.DType;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A loaded graph without caches. */
final class OrtProgram implements Executor.Program {
    private final OrtEnvironment environment;
    private final OrtSession session;
    private final Runnable close;
    private final List<String> yields;
    private final Map<String, NodeInfo> expected;
    private boolean closed;

    /**
     * @param close  frees the session and what it uses
     * @param yields names of the outputs, in order
     */
    OrtProgram(OrtEnvironment environment, OrtSession session, Runnable close, List<String> yields) throws OrtException {
        this.environment = environment;
        this.session = session;
        this.close = close;
        this.yields = yields;
        this.expected = session.getInputInfo();
    }

    @Override
    public List<HostTensor> run(Map<String, HostTensor> inputs) {
        var given = new HashMap<String, OnnxTensor>();
        try {
            for (Map.Entry<String, NodeInfo> e : expected.entrySet()) {
                HostTensor input = inputs.get(e.getKey());
                if (input == null) {
                    throw new IllegalArgumentException("the input " + e.getKey() + " is missing, given are " + inputs.keySet());
                }
                check(e.getKey(), input, (TensorInfo) e.getValue().getInfo());
                given.put(e.getKey(), NativeTensor.wrap(environment, input.data(), input.dtype(), input.shape()));
            }
            try (OrtSession.Result result = session.run(given)) {
                var outputs = new ArrayList<HostTensor>();
                for (String name : yields) {
                    outputs.add(copy((OnnxTensor) result.get(name).orElseThrow(() -> new IllegalStateException("no output " + name))));
                }
                return outputs;
            }
        } catch (OrtException e) {
            throw OrtRuntime.failure("failed", e);
        } finally {
            given.values().forEach(OnnxTensor::close);
        }
    }

    private static void check(String name, HostTensor input, TensorInfo info) {
        long[] shape = info.getShape();
        boolean fits = input.shape().length == shape.length && type(info) == input.dtype();
        for (int i = 0; fits && i < shape.length; i++) {
            fits = shape[i] < 0 || shape[i] == input.shape()[i];
        }
        if (!fits) {
            throw new IllegalArgumentException("the input " + name + " is " + input.dtype() + Arrays.toString(input.shape())
                    + ", expected " + type(info) + Arrays.toString(shape) + " (-1 is any size)");
        }
    }

    private static DType type(TensorInfo info) {
        return switch (info.type) {
            case FLOAT -> DType.F32;
            case INT64 -> DType.I64;
            case INT32 -> DType.I32;
            case BOOL -> DType.BOOL;
            default -> throw new IllegalStateException("a graph input or output of type " + info.type);
        };
    }

    private static HostTensor copy(OnnxTensor tensor) {
        TensorInfo info = tensor.getInfo();
        HostTensor copy = HostTensor.zeros(type(info), info.getShape());
        MemorySegment.copy(MemorySegment.ofBuffer(tensor.getByteBuffer()), 0, copy.data(), 0, copy.data().byteSize());
        return copy;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            close.run();
        }
    }
}
