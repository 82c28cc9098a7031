// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import java.lang.foreign.MemorySegment;

/**
 * Copies between this process and a GPU. Small ones go by way of pinned memory, which the GPU reads by itself; large ones straight, in
 * pieces that the driver pins.
 */
final class Staging {
    /** Room for the inputs of a decode step and the logits of some rows. */
    static final long BYTES = 8L << 20;
    private static final long ALIGNMENT = 64;

    private final Cuda cuda;
    private final MemorySegment pinned;
    private long used;

    Staging(Cuda cuda) {
        this.cuda = cuda;
        this.pinned = cuda.allocateHost(BYTES);
    }

    /** Starts a copy; the source must stay as it is until {@link #download} or {@link #synchronize} has returned. */
    void upload(MemorySegment from, long to) {
        if (from.byteSize() == 0) {
            return;
        }
        MemorySegment room = take(from.byteSize());
        if (room == null) {
            cuda.upload(from, to);
        } else {
            cuda.upload(room.copyFrom(from), to);
        }
    }

    /** Copies and waits for it, and with it for all that was started before. */
    void download(long from, MemorySegment to) {
        if (to.byteSize() > 0) {
            MemorySegment room = take(to.byteSize());
            cuda.download(from, room == null ? to : room);
            synchronize();
            if (room != null) {
                to.copyFrom(room);
            }
        }
    }

    /** Waits for all that was started. */
    void synchronize() {
        cuda.synchronize();
        used = 0;
    }

    private MemorySegment take(long bytes) {
        if (bytes > BYTES - used) {
            return null;
        }
        MemorySegment room = pinned.asSlice(used, bytes);
        used = Math.min(BYTES, (used + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        return room;
    }
}
