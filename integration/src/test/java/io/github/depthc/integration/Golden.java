// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import io.github.depthc.frontend.safetensors.SafetensorsFile;
import io.github.depthc.frontend.tensorfile.TensorEntry;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Set;

/** Expected tensors that a reference implementation wrote. */
final class Golden implements AutoCloseable {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final SafetensorsFile file;

    private Golden(SafetensorsFile file) {
        this.file = file;
    }

    static Golden open(Path folder) throws IOException {
        return new Golden(SafetensorsFile.open(folder.resolve("expected.safetensors")));
    }

    Set<String> names() {
        return file.tensors().keySet();
    }

    boolean has(String name) {
        return file.tensors().containsKey(name);
    }

    float[] floats(String name) {
        return file.extent(name).bytes().toArray(F32);
    }

    long[] longs(String name) {
        return file.extent(name).bytes().toArray(I64);
    }

    int[] ints(String name) {
        return java.util.Arrays.stream(longs(name)).mapToInt(Math::toIntExact).toArray();
    }

    /** A U8 or BOOL tensor as flags. */
    boolean[] flags(String name) {
        byte[] bytes = file.extent(name).bytes().toArray(ValueLayout.JAVA_BYTE);
        var flags = new boolean[bytes.length];
        for (int i = 0; i < flags.length; i++) {
            flags[i] = bytes[i] != 0;
        }
        return flags;
    }

    TensorEntry entry(String name) {
        return file.tensors().get(name);
    }

    @Override
    public void close() {
        file.close();
    }
}
