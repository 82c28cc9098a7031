// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Optional;

/** Shared libraries of Linux, as far as it takes to see that one is not whole: the loader maps what is missing, and the process dies where it reads it. */
final class ElfFile {
    private static final int MAGIC = 0x7f454c46;
    private static final int HEADER = 64;
    /** Behind the magic: 64 bits, little-endian. */
    private static final int CLASS_64_LITTLE = 0x0201;
    private static final int SECTIONS_AT = 40;
    private static final int SECTION_SIZE_AT = 58;

    private ElfFile() {
    }

    /** What is wrong with a file, as a sentence without its end; empty where it is an ELF file of 64 bits and as long as its table of sections, which linkers put last, says. */
    static Optional<String> flaw(Path file) {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer header = ByteBuffer.allocate(HEADER);
            int read;
            do {
                read = channel.read(header);
            } while (read > 0);
            if (header.hasRemaining() || header.getInt(0) != MAGIC || header.getShort(Integer.BYTES) != CLASS_64_LITTLE) {
                return Optional.of(file + " is no shared library of Linux (ELF, 64 bits)");
            }
            header.order(ByteOrder.LITTLE_ENDIAN);
            long sections = header.getLong(SECTIONS_AT);
            long bytes = (long) Short.toUnsignedInt(header.getShort(SECTION_SIZE_AT)) * Short.toUnsignedInt(header.getShort(SECTION_SIZE_AT + Short.BYTES));
            return sections >= 0 && sections <= channel.size() - bytes ? Optional.empty()
                    : Optional.of(file + " has " + channel.size() + " bytes, expected " + Long.toUnsignedString(sections + bytes) + ": it is a part of a library");
        } catch (IOException e) {
            return Optional.of(file + " cannot be read (" + e + ")");
        }
    }
}
