// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A tensor in memory of its own, that both sides see: {@link #data} here, {@link #tensor} there. Closing it frees the
 * memory at once.
 */
final class NativeTensor implements AutoCloseable {
    private static final int ALIGNMENT = 64;

    /** The elements, row-major. */
    final MemorySegment data;
    /** The library's view of the same memory. */
    final OnnxTensor tensor;
    private final Arena arena;

    private NativeTensor(Arena arena, MemorySegment data, OnnxTensor tensor) {
        this.arena = arena;
        this.data = data;
        this.tensor = tensor;
    }

    /** A zeroed tensor. */
    static NativeTensor of(OrtEnvironment environment, DType type, long... shape) {
        long bytes = bytes(type, shape);
        if (bytes > Integer.MAX_VALUE) {
            throw new InputException("a tensor of " + bytes + " bytes is needed, this runtime's limit is " + Integer.MAX_VALUE
                    + "; use a shorter prompt or fewer sequences at once");
        }
        // Shared: an engine may be used by one thread after another.
        Arena arena = Arena.ofShared();
        try {
            MemorySegment data = arena.allocate(Math.max(bytes, 1), ALIGNMENT).asSlice(0, bytes);
            return new NativeTensor(arena, data, wrap(environment, data, type, shape));
        } catch (OrtException e) {
            arena.close();
            throw OrtRuntime.failure("cannot make a tensor", e);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /** The library's view of existing memory, which must outlive it. */
    static OnnxTensor wrap(OrtEnvironment environment, MemorySegment data, DType type, long[] shape) throws OrtException {
        ByteBuffer bytes = data.asByteBuffer().order(ByteOrder.nativeOrder());
        return switch (type) {
            case F32 -> OnnxTensor.createTensor(environment, bytes.asFloatBuffer(), shape);
            case I64 -> OnnxTensor.createTensor(environment, bytes.asLongBuffer(), shape);
            case I32 -> OnnxTensor.createTensor(environment, bytes.asIntBuffer(), shape);
            case U8 -> OnnxTensor.createTensor(environment, bytes, shape, OnnxJavaType.UINT8);
            case BOOL -> OnnxTensor.createTensor(environment, bytes, shape, OnnxJavaType.BOOL);
            default -> throw new IllegalArgumentException("no tensors of " + type + " here");
        };
    }

    /** Size of a tensor in bytes. */
    static long bytes(DType type, long... shape) {
        long n = type.bytes();
        for (long d : shape) {
            n = Math.multiplyExact(n, d);
        }
        return n;
    }

    void setLong(long index, long value) {
        data.setAtIndex(ValueLayout.JAVA_LONG, index, value);
    }

    long getLong(long index) {
        return data.getAtIndex(ValueLayout.JAVA_LONG, index);
    }

    @Override
    public void close() {
        tensor.close();
        arena.close();
    }
}
