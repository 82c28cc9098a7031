// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/** VP8's inverse transforms (RFC 6386, section 14). */
final class Vp8Transform {
    private final int[] half = new int[16];

    /** The inverse Walsh-Hadamard transform: each result is coefficient 0 of one of 16 blocks of 16. */
    void walshHadamard(int[] in, int[] blocks) {
        for (int i = 0; i < 4; i++) {
            int a = in[i] + in[12 + i];
            int b = in[4 + i] + in[8 + i];
            int c = in[4 + i] - in[8 + i];
            int d = in[i] - in[12 + i];
            half[i] = a + b;
            half[4 + i] = d + c;
            half[8 + i] = a - b;
            half[12 + i] = d - c;
        }
        for (int i = 0; i < 4; i++) {
            int dc = half[4 * i] + 3;
            int a = dc + half[4 * i + 3];
            int b = half[4 * i + 1] + half[4 * i + 2];
            int c = half[4 * i + 1] - half[4 * i + 2];
            int d = dc - half[4 * i + 3];
            blocks[64 * i] = a + b >> 3;
            blocks[64 * i + 16] = d + c >> 3;
            blocks[64 * i + 32] = a - b >> 3;
            blocks[64 * i + 48] = d - c >> 3;
        }
    }

    /** The inverse cosine transform of a block of coefficients, added to the pixels at a place. */
    void cosine(int[] in, int from, Vp8Plane plane, int at) {
        int any = 0;
        for (int i = 0; i < half.length; i++) {
            any |= in[from + i];
        }
        if (any == 0) {
            return;
        }
        for (int i = 0; i < 4; i++) {
            int a = in[from + i] + in[from + 8 + i];
            int b = in[from + i] - in[from + 8 + i];
            int c = less(in[from + 4 + i]) - more(in[from + 12 + i]);
            int d = more(in[from + 4 + i]) + less(in[from + 12 + i]);
            half[4 * i] = a + d;
            half[4 * i + 1] = b + c;
            half[4 * i + 2] = b - c;
            half[4 * i + 3] = a - d;
        }
        for (int row = 0; row < 4; row++) {
            int dc = half[row] + 4;
            int a = dc + half[8 + row];
            int b = dc - half[8 + row];
            int c = less(half[4 + row]) - more(half[12 + row]);
            int d = more(half[4 + row]) + less(half[12 + row]);
            int begin = at + row * plane.stride;
            plane.add(begin, a + d >> 3);
            plane.add(begin + 1, b + c >> 3);
            plane.add(begin + 2, b - c >> 3);
            plane.add(begin + 3, a - d >> 3);
        }
    }

    /** Times the square root of 2 and the cosine of an eighth turn's half. */
    private static int more(int a) {
        return (a * 20091 >> 16) + a;
    }

    /** Times the square root of 2 and the sine of an eighth turn's half. */
    private static int less(int a) {
        return a * 35468 >> 16;
    }
}
