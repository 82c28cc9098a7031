// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import static org.bytedeco.cuda.global.cublas.CUBLAS_COMPUTE_32F;
import static org.bytedeco.cuda.global.cublas.CUBLAS_GEMM_DEFAULT;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_N;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_T;
import static org.bytedeco.cuda.global.cublas.cublasCreate_v2;
import static org.bytedeco.cuda.global.cublas.cublasDestroy_v2;
import static org.bytedeco.cuda.global.cublas.cublasGemmEx;
import static org.bytedeco.cuda.global.cublas.cublasSetStream_v2;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16BF;

import io.github.depthc.backend.plan.DeviceMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.FloatPointer;

/** What this GPU gets out of BF16 products of matrices at best: cuBLAS, square matrices of random numbers (zeros would take less power). */
final class Matmul {
    private static final int REPETITIONS = 4;

    private Matmul() {
    }

    static List<Double> rates(GpuBench bench, Cuda cuda, int size, int rounds) {
        long bytes = (long) size * size * Short.BYTES;
        var context = new cublasContext();
        require(cublasCreate_v2(context), "cublasCreate_v2");
        try (DeviceMemory a = cuda.allocate(bytes); DeviceMemory b = cuda.allocate(bytes); DeviceMemory c = cuda.allocate(bytes);
                var one = new FloatPointer(1f); var zero = new FloatPointer(0f)) {
            require(cublasSetStream_v2(context, new CUstream_st(new Address(cuda.stream()))), "cublasSetStream_v2");
            random(cuda, a);
            random(cuda, b);
            double flops = 2.0 * size * size * size;
            return bench.seconds(rounds, REPETITIONS, i -> require(cublasGemmEx(context, CUBLAS_OP_T, CUBLAS_OP_N, size, size, size, one,
                    new Address(a.address()), CUDA_R_16BF, size, new Address(b.address()), CUDA_R_16BF, size, zero, new Address(c.address()), CUDA_R_16BF,
                    size, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT), "cublasGemmEx")).stream().map(s -> flops / s).toList();
        } finally {
            cublasDestroy_v2(context);
        }
    }

    private static void random(Cuda cuda, DeviceMemory to) {
        var random = new SplittableRandom(to.address());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(to.bytes(), Long.BYTES);
            for (long i = 0; i < to.bytes() / Short.BYTES; i++) {
                host.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits((float) random.nextDouble(-1, 1)) >>> Short.SIZE));
            }
            cuda.upload(host, to.address());
            cuda.synchronize();
        }
    }

    private static void require(int status, String call) {
        if (status != 0) {
            throw new UncheckedIOException(new IOException(call + " failed: cuBLAS status " + status));
        }
    }
}
