// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;

/** A picture of 8 bits each of red, green and blue, to be written as a PNG file. */
final class Png {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final int PIXEL = 3;

    private final int width;
    private final int height;
    // Each row behind a byte for its filter, which is none.
    private final byte[] rows;

    Png(int width, int height) {
        this.width = width;
        this.height = height;
        this.rows = new byte[height * stride()];
    }

    private int stride() {
        return 1 + width * PIXEL;
    }

    /** Sets a pixel to {@code 0xRRGGBB}. */
    void set(int x, int y, int colour) {
        int at = y * stride() + 1 + x * PIXEL;
        rows[at] = (byte) (colour >> 16);
        rows[at + 1] = (byte) (colour >> 8);
        rows[at + 2] = (byte) colour;
    }

    /** The file's bytes. */
    byte[] bytes() throws IOException {
        var out = new ByteArrayOutputStream();
        out.write(SIGNATURE);
        var header = new ByteArrayOutputStream();
        try (var data = new DataOutputStream(header)) {
            data.writeInt(width);
            data.writeInt(height);
            data.write(new byte[] {8, 2, 0, 0, 0});
        }
        chunk(out, "IHDR", header.toByteArray());
        var compressed = new ByteArrayOutputStream();
        try (var deflater = new DeflaterOutputStream(compressed)) {
            deflater.write(rows);
        }
        chunk(out, "IDAT", compressed.toByteArray());
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream out, String type, byte[] content) throws IOException {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        var crc = new CRC32();
        crc.update(name);
        crc.update(content);
        var data = new DataOutputStream(out);
        data.writeInt(content.length);
        data.write(name);
        data.write(content);
        data.writeInt((int) crc.getValue());
        data.flush();
    }
}
