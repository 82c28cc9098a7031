// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** What {@link KernelCases} launch kernels of one precision on. */
public interface KernelRunner {
    /**
     * Launches a kernel and waits for it.
     *
     * @param memory    all buffers of the case, with the zones around them; the kernel may be given any part of them, and must be seen
     *                  to have written none but its results
     * @param arguments of the kernel's parameter types: int, long, float, a segment within {@code memory}, {@link Addresses}, or null
     */
    void launch(Kernel kernel, Launch launch, List<MemorySegment> memory, Object... arguments);

    /** An argument: an array of addresses, those of segments within the case's memory. */
    record Addresses(List<MemorySegment> of) {
        public Addresses {
            of = List.copyOf(of);
        }
    }
}
