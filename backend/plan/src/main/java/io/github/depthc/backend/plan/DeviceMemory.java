// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

/** Memory of a device; closing frees it, once everything that was started has ended. */
public interface DeviceMemory extends AutoCloseable {
    /** Address of its first byte, a multiple of 256. */
    long address();

    /** Size in bytes. */
    long bytes();

    @Override
    void close();
}
