// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.plan.DeviceTensor;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.tensorrt.global.nvinfer;
import org.bytedeco.tensorrt.nvinfer.Dims64;
import org.bytedeco.tensorrt.nvinfer.ICudaEngine;
import org.bytedeco.tensorrt.nvinfer.IExecutionContext;
import org.bytedeco.tensorrt.nvinfer.IRuntime;

/** An engine that has been loaded, and an execution context for each of its profiles. */
final class Engine implements AutoCloseable {
    private final Path file;
    private final ICudaEngine engine;
    private final List<Input> inputs = new ArrayList<>();
    private final List<BytePointer> outputs = new ArrayList<>();
    private final List<IExecutionContext> contexts = new ArrayList<>();
    /** Rows of each input of each context, as they were last set. */
    private final List<int[]> rows = new ArrayList<>();
    private final Address address = new Address(0);

    /** @param used false where nothing in the graph reads it */
    private record Input(BytePointer name, Dims64 shape, boolean used) {
    }

    private Engine(Path file, ICudaEngine engine) {
        this.file = file;
        this.engine = engine;
    }

    /**
     * Loads an engine from its mapped file.
     *
     * @param inputs   names of its inputs, in the order in which they will be given
     * @param outputs  names of its outputs
     * @param profiles how many profiles it must have
     */
    static Engine load(IRuntime runtime, Path file, List<String> inputs, List<String> outputs, int profiles) throws IOException {
        ICudaEngine loaded;
        try (Arena arena = Arena.ofConfined(); FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            loaded = TensorRt.require(runtime.deserializeCudaEngine(new Address(bytes.address()), bytes.byteSize()), "deserializeCudaEngine of " + file);
        }
        var engine = new Engine(file, loaded);
        try {
            engine.bind(inputs, outputs, profiles);
            return engine;
        } catch (RuntimeException | Error e) {
            engine.close();
            throw e;
        }
    }

    private void bind(List<String> inputNames, List<String> outputNames, int profiles) {
        if (engine.getNbOptimizationProfiles() != profiles) {
            throw other(engine.getNbOptimizationProfiles() + " profiles, expected " + profiles);
        }
        for (String name : inputNames) {
            var pointer = new BytePointer(name);
            boolean used = mode(name) == nvinfer.TensorIOMode.kINPUT;
            inputs.add(new Input(pointer, used ? engine.getTensorShape(pointer) : null, used));
        }
        for (String name : outputNames) {
            if (mode(name) != nvinfer.TensorIOMode.kOUTPUT) {
                throw other("no output " + name);
            }
            outputs.add(new BytePointer(name));
        }
        for (int i = 0; i < engine.getNbIOTensors(); i++) {
            String name = engine.getIOTensorName(i);
            if (!inputNames.contains(name) && !outputNames.contains(name)) {
                throw other("a tensor " + name + " that the plan does not know");
            }
        }
    }

    private InputException other(String found) {
        return new InputException(file + " has " + found + "; it is of another plan: depthc build builds it anew");
    }

    /** Bytes of memory that its contexts need while they run. */
    long scratchBytes() {
        long most = 0;
        for (int profile = 0; profile < engine.getNbOptimizationProfiles(); profile++) {
            most = Math.max(most, engine.getDeviceMemorySizeForProfileV2(profile));
        }
        return most;
    }

    /** Makes a context for each profile, which all use this memory: they run one after the other. */
    void prepare(long scratch, long scratchBytes, CUstream_st stream) {
        for (int profile = 0; profile < engine.getNbOptimizationProfiles(); profile++) {
            IExecutionContext context = TensorRt.require(engine.createExecutionContext(nvinfer.ExecutionContextAllocationStrategy.kUSER_MANAGED),
                    "createExecutionContext of " + file);
            contexts.add(context);
            rows.add(new int[inputs.size()]);
            require(context.setOptimizationProfileAsync(profile, stream), "setOptimizationProfileAsync");
            if (scratchBytes > 0) {
                context.setDeviceMemoryV2(address.at(scratch), scratchBytes);
            }
        }
    }

    /** Whether a tensor of this element type can be given as an input, or an output. */
    void requireType(String name, nvinfer.DataType expected) {
        if (mode(name) != nvinfer.TensorIOMode.kNONE && engine.getTensorDataType(name).intern() != expected) {
            throw other("the tensor " + name + " of type " + engine.getTensorDataType(name) + ", expected " + expected);
        }
    }

    /** What JavaCPP gives is a constant's copy; {@code intern} gives the constant itself. */
    private nvinfer.TensorIOMode mode(String name) {
        return engine.getTensorIOMode(name).intern();
    }

    /** Starts it. */
    void enqueue(int profile, List<DeviceTensor> from, List<DeviceTensor> to, CUstream_st stream) {
        IExecutionContext context = contexts.get(profile);
        for (int i = 0; i < inputs.size(); i++) {
            Input input = inputs.get(i);
            if (input.used()) {
                DeviceTensor tensor = from.get(i);
                if (rows.get(profile)[i] != tensor.rows()) {
                    // the other dimensions are those of the network
                    input.shape().d(0, tensor.rows());
                    require(context.setInputShape(input.name(), input.shape()), "setInputShape");
                    rows.get(profile)[i] = tensor.rows();
                }
                require(context.setTensorAddress(input.name(), address.at(tensor.address())), "setTensorAddress");
            }
        }
        for (int i = 0; i < outputs.size(); i++) {
            require(context.setTensorAddress(outputs.get(i), address.at(to.get(i).address())), "setTensorAddress");
        }
        require(context.enqueueV3(stream), "enqueueV3");
    }

    private void require(boolean done, String call) {
        if (!done) {
            throw TensorRt.failure(call + " of " + file);
        }
    }

    @Override
    public void close() {
        contexts.forEach(TensorRt::delete);
        TensorRt.delete(engine);
        inputs.forEach(i -> i.name().close());
        outputs.forEach(BytePointer::close);
    }
}
