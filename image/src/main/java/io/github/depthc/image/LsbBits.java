// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/** Bits of bytes, the lowest first, as lossless WebP has them. */
final class LsbBits {
    private final byte[] data;
    private final int end;
    private int next;
    private long held;
    private int count;

    LsbBits(byte[] data, int from, int length) {
        this.data = data;
        this.next = from;
        this.end = from + length;
    }

    /** The next bits without taking them; zeros behind the end. */
    int peek(int bits) {
        while (count < bits) {
            held |= (next < end ? data[next] & 0xffL : 0) << count;
            next++;
            count += 8;
        }
        return (int) (held & (1L << bits) - 1);
    }

    /** Takes bits that {@link #peek} has shown. */
    void skip(int bits) throws DamagedImageException {
        held >>>= bits;
        count -= bits;
        // Whole bytes that were only looked at do not count.
        if (next - count / 8 > end) {
            throw new DamagedImageException("is a WebP file that is cut short");
        }
    }

    int read(int bits) throws DamagedImageException {
        int value = peek(bits);
        skip(bits);
        return value;
    }

    boolean flag() throws DamagedImageException {
        return read(1) != 0;
    }
}
