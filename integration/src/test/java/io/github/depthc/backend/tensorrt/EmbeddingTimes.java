// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.kernels.Kernel;
import io.github.depthc.backend.kernels.Precision;
import io.github.depthc.backend.kernels.Size;
import io.github.depthc.backend.kernels.Sizes;
import io.github.depthc.backend.plan.DeviceMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Times the rows of a prompt out of a table of embeddings in integers. No row of the table is read twice before as many bytes as no cache holds have gone by. */
final class EmbeddingTimes {
    private static final int LEAST_SETS = 2;
    /** Any codes do, as long as they are none of zeros alone. */
    private static final int CODES = 0x5a3c7e19;

    private final GpuBench bench;
    private final Cuda cuda;
    private final KernelLauncher kernels;
    private final Precision precision;

    EmbeddingTimes(GpuBench bench, Cuda cuda, KernelLauncher kernels, Precision precision) {
        this.bench = bench;
        this.cuda = cuda;
        this.kernels = kernels;
        this.precision = precision;
    }

    /**
     * Rows in random order, other ones in each repetition.
     *
     * @param bits         of a code, 4 or 8
     * @param block        codes of one scale
     * @param beyondCaches bytes that no cache of the GPU holds
     */
    RoutingTimes.Step measure(int tokens, int bits, int block, int width, long beyondCaches, int rounds) {
        long codeBytes = (long) width * bits / Byte.SIZE;
        long scaleBytes = (long) width / block * precision.bytes();
        long rowBytes = (long) width * precision.bytes();
        int sets = Math.toIntExact(Math.max(LEAST_SETS, Math.ceilDiv(beyondCaches, tokens * (codeBytes + scaleBytes + rowBytes))));
        long rows = (long) sets * tokens;
        try (DeviceMemory codes = cuda.allocate(rows * codeBytes); DeviceMemory scales = cuda.allocate(rows * scaleBytes); DeviceMemory order = cuda.allocate(rows * Integer.BYTES);
                DeviceMemory out = cuda.allocate(rows * rowBytes)) {
            cuda.fill(codes.address(), CODES, rows * codeBytes / Integer.BYTES);
            cuda.fill(scales.address(), RoutingTimes.small(precision), rows * scaleBytes / Integer.BYTES);
            try (Arena arena = Arena.ofConfined()) {
                List<Integer> shuffled = IntStream.range(0, Math.toIntExact(rows)).boxed().collect(Collectors.toList());
                Collections.shuffle(shuffled, new Random(1));
                cuda.upload(arena.allocateFrom(ValueLayout.JAVA_INT, shuffled.stream().mapToInt(Integer::intValue).toArray()), order.address());
                cuda.synchronize();
            }
            Sizes sizes = Sizes.of(Size.KEPT, tokens).with(Size.ROW_BYTES, codeBytes + scaleBytes).with(Size.WIDTH, width);
            List<Double> seconds = bench.seconds(rounds, sets, i -> kernels.of(Kernel.GATHER_NBITS).pointer(codes.address()).pointer(scales.address())
                    .pointer(order.address() + (long) i * tokens * Integer.BYTES).integer(tokens).integer(width).integer(bits).integer(block)
                    .pointer(out.address() + i * tokens * rowBytes).launch(sizes));
            return new RoutingTimes.Step("embedding int" + bits, seconds, Kernel.GATHER_NBITS.byteFloor(precision, sizes));
        }
    }
}
