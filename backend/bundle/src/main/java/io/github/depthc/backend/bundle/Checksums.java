// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of files, whole and sampled. */
public final class Checksums {
    /** Blocks that a sample reads, the first at the file's head and the last at its tail. */
    static final int SAMPLES = 64;
    /** Bytes of each. */
    static final int SAMPLE_BYTES = 64 << 10;
    /** Files up to this size have no sample: reading them whole costs as much. */
    static final long UNSAMPLED = (long) SAMPLES * SAMPLE_BYTES;

    // 256 KiB stays in the second-level cache between the read and the hash.
    private static final int BUFFER = 256 << 10;

    private Checksums() {
    }

    /** A fresh digest. */
    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** The digest's value in hexadecimal; resets it. */
    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    /** SHA-256 of bytes, in hexadecimal. */
    public static String of(byte[] bytes) {
        MessageDigest digest = sha256();
        digest.update(bytes);
        return hex(digest);
    }

    /** SHA-256 of a whole file. */
    public static String whole(Path file) throws IOException {
        MessageDigest digest = sha256();
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            while (in.read(buffer) >= 0) {
                digest.update(buffer.flip());
                buffer.clear();
            }
        }
        return hex(digest);
    }

    /** SHA-256 of {@link #SAMPLES} blocks evenly spread over a file, or null when it is small. */
    static String sample(Path file) throws IOException {
        MessageDigest digest = sha256();
        ByteBuffer buffer = ByteBuffer.allocateDirect(SAMPLE_BYTES);
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = in.size();
            if (size <= UNSAMPLED) {
                return null;
            }
            for (int i = 0; i < SAMPLES; i++) {
                long at = (size - SAMPLE_BYTES) * i / (SAMPLES - 1);
                buffer.clear();
                while (buffer.hasRemaining() && in.read(buffer, at + buffer.position()) >= 0) {
                    // until the block is full or the file ends
                }
                digest.update(buffer.flip());
            }
        }
        return hex(digest);
    }
}
