// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import io.github.depthc.backend.bundle.FiniteWeights;
import io.github.depthc.backend.onnx.EmittedWeight;
import io.github.depthc.backend.onnx.WeightPlacement;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightReader;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The weights of one program, floating point ones in F32: where they are mapped, else converted in memory, and those too large for a Java buffer
 * in a temporary folder. Closing it frees all of that.
 */
final class ProgramWeights implements WeightPlacement, AutoCloseable {
    private static final String IN_MEMORY = "memory";

    private final OrtEnvironment environment;
    private final WeightStore store;
    private final long largest;
    private final Arena arena = Arena.ofShared();
    private final Map<String, OnnxTensorLike> tensors = new HashMap<>();
    private Path folder;
    private int files;

    /**
     * @param largest bytes of the largest weight that is handed over in memory
     */
    ProgramWeights(OrtEnvironment environment, WeightStore store, long largest) {
        this.environment = environment;
        this.store = store;
        this.largest = largest;
    }

    @Override
    public Placed place(WeightExpr weight) {
        WeightExpr stored = stored(weight);
        long size = stored.byteSize();
        return new Placed(size <= largest ? IN_MEMORY : "weight-" + files++ + ".bin", 0, size, stored.type().dtype());
    }

    /**
     * Makes the weight's bytes available.
     *
     * @throws io.github.depthc.ir.InputException naming the tensor, if it has a NaN or an infinity
     */
    void load(EmittedWeight weight) throws IOException, OrtException {
        FiniteWeights.check(weight.expr(), store);
        if (weight.placed().location().equals(IN_MEMORY)) {
            WeightExpr stored = stored(weight.expr());
            tensors.put(weight.name(), NativeTensor.wrap(environment, memory(stored), stored.type().dtype(), stored.type().fixedShape()));
            return;
        }
        if (folder == null) {
            folder = Files.createTempDirectory("depthc-");
        }
        try (FileChannel to = FileChannel.open(folder.resolve(weight.placed().location()), StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE)) {
            WeightReader.write(stored(weight.expr()), store, to);
        }
    }

    /** Weights in memory, by name. */
    Map<String, OnnxTensorLike> tensors() {
        return tensors;
    }

    /** Folder of the weights in files; empty when there are none. */
    Optional<Path> folder() {
        return Optional.ofNullable(folder);
    }

    /** Integers as they are, floating point numbers in F32. */
    private static WeightExpr stored(WeightExpr weight) {
        return weight.type().dtype() == DType.F32 || !weight.type().dtype().isFloat() ? weight : new WeightExpr.Cast(weight, DType.F32);
    }

    private MemorySegment memory(WeightExpr weight) throws IOException {
        Optional<WeightStore.Extent> mapped = WeightReader.contiguous(weight, store);
        if (mapped.isPresent()) {
            return mapped.get().bytes();
        }
        MemorySegment memory = arena.allocate(weight.byteSize(), 64);
        try (var channel = new SegmentChannel(memory)) {
            WeightReader.write(weight, store, channel);
        }
        return memory;
    }

    @Override
    public void close() {
        tensors.values().forEach(OnnxTensorLike::close);
        arena.close();
        if (folder != null) {
            try (var entries = Files.list(folder)) {
                for (Path file : entries.toList()) {
                    Files.delete(file);
                }
                Files.delete(folder);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot delete the temporary folder " + folder, e);
            }
        }
    }
}
