// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.pytorch;

import io.github.depthc.ir.InputException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * The directory of a zip archive, ZIP64 included; no entry is read, and none is ever unpacked (APPNOTE.TXT 6.3.10, sections 4.3.7 to
 * 4.3.16).
 */
final class StoredZip {
    /**
     * Where an entry's bytes are in the file.
     *
     * @param flaw why they are not its content: that they are packed or encrypted; null when they are
     */
    record Entry(long offset, long size, String flaw) {
    }

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    private static final int CENTRAL = 0x02014b50;
    private static final int CENTRAL_BYTES = 46;
    private static final int END = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int END64 = 0x06064b50;
    private static final int END64_BYTES = 56;
    private static final int LOCATOR64 = 0x07064b50;
    private static final int LOCATOR64_BYTES = 20;
    private static final int MAX_COMMENT = 0xffff;
    private static final long SATURATED = 0xffff_ffffL;
    private static final int ZIP64_EXTRA = 1;
    private static final int ENCRYPTED = 1;
    private static final int MAX_ENTRIES = 200_000;
    private static final int MAX_NAME = 1000;

    private final Path path;
    private final MemorySegment file;
    private final SequencedMap<String, Entry> entries = new LinkedHashMap<>();

    private StoredZip(Path path, MemorySegment file) {
        this.path = path;
        this.file = file;
    }

    /** True for a file that begins as an archive with an entry does. */
    static boolean isZip(MemorySegment file) {
        return file.byteSize() >= END_BYTES && file.get(U32, 0) == LOCAL;
    }

    /** The entries by name, in the directory's order; {@link InputException} when the archive is not in order. */
    static SequencedMap<String, Entry> entries(Path path, MemorySegment file) {
        var zip = new StoredZip(path, file);
        zip.read();
        return zip.entries;
    }

    private void read() {
        long end = findEnd();
        long count = u16(end + 10);
        long size = u32(end + 12);
        long offset = u32(end + 16);
        long behind = end;
        if (count == MAX_COMMENT || size == SATURATED || offset == SATURATED) {
            long locator = end - LOCATOR64_BYTES;
            if (locator < 0 || file.get(U32, locator) != LOCATOR64) {
                throw error("its directory is larger than the archive says, and it has no ZIP64 directory");
            }
            long end64 = file.get(U64, locator + 8);
            if (end64 < 0 || end64 > locator - END64_BYTES || file.get(U32, end64) != END64) {
                throw error("its ZIP64 directory is not where it says");
            }
            count = file.get(U64, end64 + 32);
            size = file.get(U64, end64 + 40);
            offset = file.get(U64, end64 + 48);
            behind = end64;
        }
        if (count < 0 || count > MAX_ENTRIES) {
            throw error("it claims " + Long.toUnsignedString(count) + " entries, expected at most " + MAX_ENTRIES);
        }
        if (offset < 0 || size < 0 || offset > behind || size > behind - offset) {
            throw error("its directory is not inside the file");
        }
        long at = offset;
        for (long i = 0; i < count; i++) {
            at = central(at, offset, offset + size);
        }
    }

    /** The end record; there is nothing behind it but its own comment. */
    private long findEnd() {
        long last = file.byteSize() - END_BYTES;
        for (long at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
            if (file.get(U32, at) == END && u16(at + 20) == last - at) {
                return at;
            }
        }
        throw new InputException(path + ": is a zip archive without a directory (was the download cut short?)");
    }

    private long central(long at, long dataEnd, long end) {
        if (end - at < CENTRAL_BYTES || file.get(U32, at) != CENTRAL) {
            throw error("its directory is damaged at byte " + at);
        }
        int nameLength = u16(at + 28);
        int extraLength = u16(at + 30);
        long next = at + CENTRAL_BYTES + nameLength + extraLength + u16(at + 32);
        if (next > end || nameLength > MAX_NAME) {
            throw error("its directory is damaged at byte " + at);
        }
        String name = name(at + CENTRAL_BYTES, nameLength);
        int method = u16(at + 10);
        String flaw = (u16(at + 8) & ENCRYPTED) != 0 ? "encrypted" : method != 0 ? "compressed (method " + method + ")" : null;
        long packed = u32(at + 20);
        long size = u32(at + 24);
        long local = u32(at + 42);
        long extra = at + CENTRAL_BYTES + nameLength;
        long extraEnd = extra + extraLength;
        while (extraEnd - extra >= 4) {
            int id = u16(extra);
            long field = extra + 4;
            long fieldEnd = field + u16(extra + 2);
            if (fieldEnd > extraEnd) {
                break;
            }
            if (id == ZIP64_EXTRA) {
                // In this order, and only those that do not fit in 32 bits.
                if (size == SATURATED && fieldEnd - field >= Long.BYTES) {
                    size = file.get(U64, field);
                    field += Long.BYTES;
                }
                if (packed == SATURATED && fieldEnd - field >= Long.BYTES) {
                    packed = file.get(U64, field);
                    field += Long.BYTES;
                }
                if (local == SATURATED && fieldEnd - field >= Long.BYTES) {
                    local = file.get(U64, field);
                }
            }
            extra = fieldEnd;
        }
        if (flaw == null && packed != size) {
            throw error("its entry " + name + " claims " + Long.toUnsignedString(size) + " bytes in " + Long.toUnsignedString(packed) + ", expected it stored as it is");
        }
        if (entries.putIfAbsent(name, local(name, local, packed, flaw, dataEnd)) != null) {
            throw error("it has the entry " + name + " twice");
        }
        return next;
    }

    private Entry local(String name, long local, long size, String flaw, long dataEnd) {
        if (local < 0 || local > dataEnd - LOCAL_BYTES || file.get(U32, local) != LOCAL) {
            throw error("its entry " + name + " does not begin where the directory says, at byte " + Long.toUnsignedString(local));
        }
        long data = local + LOCAL_BYTES + u16(local + 26) + u16(local + 28);
        if (size < 0 || data > dataEnd || size > dataEnd - data) {
            throw error("its entry " + name + " claims " + Long.toUnsignedString(size) + " bytes at byte " + data + ", but the data ends at byte " + dataEnd);
        }
        return new Entry(data, size, flaw);
    }

    private String name(long at, int length) {
        byte[] bytes = file.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
        return Shown.of(new String(bytes, StandardCharsets.UTF_8));
    }

    private int u16(long at) {
        return Short.toUnsignedInt(file.get(U16, at));
    }

    private long u32(long at) {
        return Integer.toUnsignedLong(file.get(U32, at));
    }

    private InputException error(String what) {
        return new InputException(path + ": is a damaged zip archive: " + what);
    }
}
