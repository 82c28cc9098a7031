// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.pytorch;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes archives as torch.save does, and as it never would. */
final class TestZip {
    private final Map<String, byte[]> entries = new LinkedHashMap<>();
    private boolean zip64;
    private final Map<String, Integer> methods = new LinkedHashMap<>();
    private long claimed = -1;

    static TestZip of(byte[] pickle) {
        return new TestZip().with("a/data.pkl", pickle);
    }

    TestZip with(String name, byte[] data) {
        entries.put(name, data);
        return this;
    }

    /** With all sizes and offsets in ZIP64 fields. */
    TestZip zip64() {
        zip64 = true;
        return this;
    }

    /** An entry claims to be packed in this way. */
    TestZip method(String name, int number) {
        methods.put(name, number);
        return this;
    }

    /** The last entry claims this size, packed and unpacked. */
    TestZip claiming(long size) {
        claimed = size;
        return this;
    }

    byte[] bytes() {
        var out = new ByteArrayOutputStream();
        var directory = new ByteArrayOutputStream();
        int left = entries.size();
        for (var entry : entries.entrySet()) {
            byte[] name = entry.getKey().getBytes(StandardCharsets.UTF_8);
            long size = --left == 0 && claimed >= 0 ? claimed : entry.getValue().length;
            int offset = out.size();
            int method = methods.getOrDefault(entry.getKey(), 0);
            out.writeBytes(buffer(30).putInt(0x04034b50).putShort((short) 20).putShort((short) 0).putShort((short) method).putInt(0).putInt(0)
                    .putInt((int) size).putInt((int) size).putShort((short) name.length).putShort((short) 0).array());
            out.writeBytes(name);
            out.writeBytes(entry.getValue());
            byte[] extra = zip64 ? buffer(28).putShort((short) 1).putShort((short) 24).putLong(size).putLong(size).putLong(offset).array() : new byte[0];
            int small = zip64 ? -1 : (int) size;
            directory.writeBytes(buffer(46).putInt(0x02014b50).putInt(0).putShort((short) 0).putShort((short) method).putInt(0).putInt(0).putInt(small).putInt(small)
                    .putShort((short) name.length).putShort((short) extra.length).putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0)
                    .putInt(zip64 ? -1 : offset).array());
            directory.writeBytes(name);
            directory.writeBytes(extra);
        }
        int begin = out.size();
        int count = entries.size();
        out.writeBytes(directory.toByteArray());
        if (zip64) {
            int end64 = out.size();
            out.writeBytes(buffer(56).putInt(0x06064b50).putLong(44).putInt(0).putInt(0).putInt(0).putLong(count).putLong(count).putLong(directory.size()).putLong(begin).array());
            out.writeBytes(buffer(20).putInt(0x07064b50).putInt(0).putLong(end64).putInt(1).array());
        }
        out.writeBytes(buffer(22).putInt(0x06054b50).putInt(0).putShort((short) (zip64 ? -1 : count)).putShort((short) (zip64 ? -1 : count))
                .putInt(zip64 ? -1 : directory.size()).putInt(zip64 ? -1 : begin).putShort((short) 0).array());
        return out.toByteArray();
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
