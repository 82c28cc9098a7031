// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import io.github.depthc.frontend.safetensors.SafetensorsWriter;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** Random routers in a file for {@code convert --routers}. */
final class Routers {
    private static final long SEED = 3;

    private Routers() {
    }

    /** One for each layer, as p-MoD has them, without biases. */
    static void pmod(Path file, int layers, int width) throws IOException {
        var tensors = new LinkedHashMap<String, TensorType>();
        for (int l = 0; l < layers; l++) {
            tensors.put("model.layers." + l + ".router.router.weight", TensorType.fixed(DType.F32, 1, width));
        }
        write(file, tensors, width);
    }

    /** One that all layers share, as γ-MoD has it. */
    static void gamma(Path file, int width) throws IOException {
        var tensors = new LinkedHashMap<String, TensorType>();
        tensors.put("router.weight", TensorType.fixed(DType.F32, 2, width));
        write(file, tensors, width);
    }

    /** Numbers that make scores of about 1 out of hidden states of about 1. */
    private static void write(Path file, LinkedHashMap<String, TensorType> tensors, int width) throws IOException {
        var random = new SplittableRandom(SEED);
        double scale = 1 / Math.sqrt(width);
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, tensors, Map.of())) {
            for (TensorType type : tensors.values()) {
                long count = 1;
                for (long d : type.fixedShape()) {
                    count *= d;
                }
                ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(count * Float.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
                while (bytes.hasRemaining()) {
                    bytes.putFloat((float) (random.nextGaussian() * scale));
                }
                writer.write(bytes.flip());
            }
        }
    }
}
