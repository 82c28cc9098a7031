// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import java.lang.foreign.MemorySegment;

/** Memory that a native library gave by its address. */
final class NativeMemory {
    private NativeMemory() {
    }

    /** So many bytes from an address on, which the library owes. */
    @SuppressWarnings("restricted")
    static MemorySegment at(long address, long bytes) {
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }
}
