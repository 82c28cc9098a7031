// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.function.LongConsumer;

/** A new file that is hashed while it is written. */
final class HashingChannel implements WritableByteChannel {
    private final FileChannel file;
    private final MessageDigest digest = Checksums.sha256();
    private final LongConsumer written;
    private long position;

    /**
     * @param written told the number of bytes after each write
     */
    HashingChannel(Path path, LongConsumer written) throws IOException {
        this.file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        this.written = written;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int n = source.remaining();
        digest.update(source.duplicate());
        while (source.hasRemaining()) {
            file.write(source);
        }
        position += n;
        written.accept(n);
        return n;
    }

    /** Bytes written so far. */
    long position() {
        return position;
    }

    /** Writes zeros up to this position. */
    void padTo(long to) throws IOException {
        while (position < to) {
            write(ByteBuffer.allocate((int) Math.min(to - position, 4096)));
        }
    }

    /** The SHA-256 of everything written, in hexadecimal. */
    String sha256() {
        return Checksums.hex(digest);
    }

    @Override
    public boolean isOpen() {
        return file.isOpen();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
