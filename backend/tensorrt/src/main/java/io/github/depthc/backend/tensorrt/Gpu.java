// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.tensorrt.Driver.Call;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A GPU.
 *
 * @param index          its number, from 0
 * @param name           {@code NVIDIA H200}
 * @param architecture   compute capability, ten times: 90
 * @param processors     streaming multiprocessors
 * @param memoryBytes    memory in all
 * @param driver         the CUDA version that the driver is for: {@code 13.0}
 */
public record Gpu(int index, String name, int architecture, int processors, long memoryBytes, String driver) {
    private static final int PROCESSORS = 16;
    private static final int MAJOR = 75;
    private static final int MINOR = 76;
    private static final int NAME_BYTES = 256;

    /** Those that the driver sees, at least one; {@link MissingGpuException} where there is none. */
    static List<Gpu> list(Driver driver) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(NAME_BYTES, Long.BYTES);
            driver.call(Call.VERSION, out.address());
            String version = Driver.version(out.get(ValueLayout.JAVA_INT, 0));
            driver.call(Call.DEVICE_COUNT, out.address());
            int count = out.get(ValueLayout.JAVA_INT, 0);
            if (count < 1) {
                throw new MissingGpuException("no GPU: the NVIDIA driver sees none; see whether nvidia-smi lists one, and whether CUDA_VISIBLE_DEVICES hides it");
            }
            var gpus = new ArrayList<Gpu>();
            for (int i = 0; i < count; i++) {
                int device = device(driver, i, out);
                driver.call(Call.DEVICE_MEMORY, out.address(), device);
                long memory = out.get(ValueLayout.JAVA_LONG, 0);
                int architecture = 10 * attribute(driver, MAJOR, device, out) + attribute(driver, MINOR, device, out);
                int processors = attribute(driver, PROCESSORS, device, out);
                driver.call(Call.DEVICE_NAME, out.address(), NAME_BYTES, device);
                gpus.add(new Gpu(i, out.getString(0), architecture, processors, memory, version));
            }
            return gpus;
        }
    }

    /** The driver's handle of a GPU. */
    static int device(Driver driver, int index, MemorySegment out) {
        driver.call(Call.DEVICE, out.address(), index);
        return out.get(ValueLayout.JAVA_INT, 0);
    }

    private static int attribute(Driver driver, int attribute, int device, MemorySegment out) {
        driver.call(Call.DEVICE_ATTRIBUTE, out.address(), attribute, device);
        return out.get(ValueLayout.JAVA_INT, 0);
    }
}
