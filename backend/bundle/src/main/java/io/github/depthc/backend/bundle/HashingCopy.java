// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.function.LongConsumer;

/**
 * Copies a file inside the kernel while a second thread hashes the source: no byte is copied through this process, and a
 * single large file keeps two cores busy.
 */
final class HashingCopy {
    private static final long CHUNK = 32L << 20;
    // The hash stays this near behind the copy, so that it reads what is still in the page cache.
    private static final int AHEAD = 8;
    private static final int BUFFER = 256 << 10;

    private HashingCopy() {
    }

    /**
     * Copies to a new file and gives the SHA-256 in hexadecimal.
     *
     * @param weights checked on the way
     * @param written told the bytes after each chunk
     */
    static String copy(Path from, Path to, FiniteRanges weights, LongConsumer written) throws IOException {
        try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
                FileChannel out = FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            long size = in.size();
            var room = new Semaphore(AHEAD);
            var hash = new FutureTask<>(() -> hash(from, size, weights, room));
            Thread.ofPlatform().daemon().name("hash " + from.getFileName()).start(hash);
            try {
                for (long done = 0; done < size;) {
                    room.acquire();
                    long end = Math.min(size, done + CHUNK);
                    long begin = done;
                    while (done < end) {
                        long n = in.transferTo(done, end - done, out);
                        if (n <= 0) {
                            throw new IOException(from + " ends at " + done + " of " + size + " bytes: it changed while it was copied");
                        }
                        done += n;
                    }
                    written.accept(end - begin);
                    if (hash.state() == Future.State.FAILED) {
                        break; // what it found is thrown below; the rest need not be copied
                    }
                }
                return hash.get();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("copying " + from + " was interrupted");
            } catch (ExecutionException e) {
                switch (e.getCause()) {
                    case IOException io -> throw io;
                    case InputException bad -> throw bad;
                    default -> throw new IOException("cannot hash " + from, e.getCause());
                }
            } finally {
                hash.cancel(true);
            }
        }
    }

    private static String hash(Path file, long size, FiniteRanges weights, Semaphore room) throws IOException {
        MessageDigest digest = Checksums.sha256();
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
        long done = 0;
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            while (done < size) {
                int n = in.read(buffer.limit((int) Math.min(BUFFER, size - done)));
                if (n < 0) {
                    throw new IOException(file + " ends at " + done + " of " + size + " bytes: it changed while it was copied");
                }
                weights.pass(done, MemorySegment.ofBuffer(buffer.flip()));
                digest.update(buffer);
                buffer.clear();
                if (done / CHUNK != (done + n) / CHUNK) {
                    room.release();
                }
                done += n;
            }
        } finally {
            room.release(1 << 20);
        }
        return Checksums.hex(digest);
    }
}
