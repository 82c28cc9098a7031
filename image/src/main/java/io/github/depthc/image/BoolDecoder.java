// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/** VP8's arithmetic decoder (RFC 6386, section 7); behind the end there are zeros. */
final class BoolDecoder {
    private static final int EVEN = 128;
    /** An encoder may leave out the last zeros. */
    private static final int SLACK = 2;

    private final byte[] data;
    private final int end;
    private int next;
    private long value;
    private int range = 255;
    /** How many bits of the value are below the eight that are compared; negative when some of these are still missing. */
    private int spare = -8;

    BoolDecoder(byte[] data, int from, int length) {
        this.data = data;
        this.next = from;
        this.end = from + length;
    }

    /** Whether much more than the data has been read. */
    boolean isPastEnd() {
        return next > end + SLACK;
    }

    /** A bit that is 0 with a probability of so many 256ths. */
    int bit(int probability) {
        while (spare < 0) {
            value = value << 8 | (next < end ? data[next] & 0xff : 0);
            next++;
            spare += 8;
        }
        int split = 1 + ((range - 1) * probability >> 8);
        long shifted = (long) split << spare;
        int bit = 0;
        if (value >= shifted) {
            value -= shifted;
            range -= split;
            bit = 1;
        } else {
            range = split;
        }
        int shift = Integer.numberOfLeadingZeros(range) - 24;
        range <<= shift;
        spare -= shift;
        return bit;
    }

    boolean flag() {
        return bit(EVEN) != 0;
    }

    /** An integer of so many bits, the highest first. */
    int literal(int bits) {
        int literal = 0;
        for (int i = 0; i < bits; i++) {
            literal = literal << 1 | bit(EVEN);
        }
        return literal;
    }

    /** A magnitude of so many bits, then its sign. */
    int signed(int bits) {
        int magnitude = literal(bits);
        return flag() ? -magnitude : magnitude;
    }

    /** A signed integer if a flag says so, else 0. */
    int optional(int bits) {
        return flag() ? signed(bits) : 0;
    }
}
