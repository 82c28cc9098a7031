// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Writes into memory, from its beginning. */
final class SegmentChannel implements WritableByteChannel {
    private final MemorySegment memory;
    private long position;

    SegmentChannel(MemorySegment memory) {
        this.memory = memory;
    }

    @Override
    public int write(ByteBuffer source) {
        int n = source.remaining();
        MemorySegment.copy(MemorySegment.ofBuffer(source), 0, memory, position, n);
        source.position(source.limit());
        position += n;
        return n;
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {
        // the memory is not this object's
    }
}
