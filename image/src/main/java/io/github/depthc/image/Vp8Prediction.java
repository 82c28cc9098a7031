// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/** What VP8 takes a block for, from the pixels above and to the left of it, before its differences are added (RFC 6386, section 12). */
final class Vp8Prediction {
    /** Modes of whole blocks of luma or chroma. */
    static final int DC = 0;
    static final int VERTICAL = 1;
    static final int HORIZONTAL = 2;
    static final int TRUE_MOTION = 3;

    /** Modes of blocks of 4 x 4, in the order of their probabilities. */
    static final int B_DC = 0;
    static final int B_TRUE_MOTION = 1;
    static final int B_VERTICAL = 2;
    static final int B_HORIZONTAL = 3;
    static final int B_LEFT_DOWN = 4;
    static final int B_RIGHT_DOWN = 5;
    static final int B_VERTICAL_RIGHT = 6;
    static final int B_VERTICAL_LEFT = 7;
    static final int B_HORIZONTAL_DOWN = 8;
    static final int B_HORIZONTAL_UP = 9;

    /** Where the corner is among the edge's pixels: to its left those of the left column upwards, to its right those of the row above. */
    private static final int CORNER = 4;

    private final int[] edge = new int[13];

    /** A whole block of {@code size} pixels to a side. */
    static void whole(Vp8Plane plane, int x, int y, int size, int mode) {
        byte[] pixels = plane.pixels;
        int at = plane.at(x, y);
        int above = at - plane.stride;
        int average = mode == DC ? average(plane, x, y, size) : 0;
        int corner = plane.get(above - 1);
        for (int row = 0; row < size; row++) {
            int begin = at + row * plane.stride;
            int left = plane.get(begin - 1);
            for (int column = 0; column < size; column++) {
                pixels[begin + column] = switch (mode) {
                    case DC -> (byte) average;
                    case VERTICAL -> pixels[above + column];
                    case HORIZONTAL -> (byte) left;
                    default -> Vp8Plane.clamped(left + plane.get(above + column) - corner);
                };
            }
        }
    }

    /** Of the pixels above and to the left, of those that are in the frame. */
    private static int average(Vp8Plane plane, int x, int y, int size) {
        if (x == 0 && y == 0) {
            return 128;
        }
        int sum = 0;
        for (int i = 0; i < size; i++) {
            sum += y > 0 ? plane.get(plane.at(x + i, y - 1)) : 0;
            sum += x > 0 ? plane.get(plane.at(x - 1, y + i)) : 0;
        }
        int count = x > 0 && y > 0 ? 2 * size : size;
        return (sum + count / 2) / count;
    }

    /**
     * A block of 4 x 4 pixels.
     *
     * @param aboveRight the four pixels above and to the right, in one integer, the first one highest
     */
    void small(Vp8Plane plane, int at, int mode, int aboveRight) {
        int above = at - plane.stride;
        for (int i = 0; i < 4; i++) {
            edge[CORNER - 1 - i] = plane.get(at + i * plane.stride - 1);
            edge[CORNER + 1 + i] = plane.get(above + i);
            edge[CORNER + 5 + i] = aboveRight >>> 24 - 8 * i & 0xff;
        }
        edge[CORNER] = plane.get(above - 1);
        int average = 4;
        for (int i = 0; i < 4; i++) {
            average += edge[i] + edge[CORNER + 1 + i];
        }
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 4; x++) {
                plane.pixels[at + y * plane.stride + x] = switch (mode) {
                    case B_DC -> (byte) (average >> 3);
                    case B_TRUE_MOTION -> Vp8Plane.clamped(edge[CORNER + 1 + x] + edge[CORNER - 1 - y] - edge[CORNER]);
                    case B_VERTICAL -> (byte) three(CORNER + x, 1);
                    case B_HORIZONTAL -> (byte) (y < 3 ? three(CORNER - y, -1) : weighted(edge[1], edge[0], edge[0]));
                    case B_LEFT_DOWN -> (byte) (x + y < 6 ? three(CORNER + 1 + x + y, 1) : weighted(edge[11], edge[12], edge[12]));
                    case B_RIGHT_DOWN -> (byte) three(CORNER - 1 + x - y, 1);
                    case B_VERTICAL_RIGHT -> (byte) verticalRight(x, y);
                    case B_VERTICAL_LEFT -> (byte) verticalLeft(x, y);
                    case B_HORIZONTAL_DOWN -> (byte) horizontalDown(x, y);
                    default -> (byte) horizontalUp(x + 2 * y);
                };
            }
        }
    }

    private int verticalRight(int x, int y) {
        int along = 2 * x - y;
        return along < -1 ? three(CORNER - y, 1) : along == -1 ? three(CORNER - 1, 1)
                : along % 2 == 0 ? two(CORNER + along / 2) : three(CORNER - 1 + (along + 1) / 2, 1);
    }

    private int verticalLeft(int x, int y) {
        // The last two of the lower right corner go on along the edge.
        if (x == 3 && y >= 2) {
            return three(CORNER + 3 + y, 1);
        }
        int first = CORNER + 1 + x + y / 2;
        return y % 2 == 0 ? two(first) : three(first, 1);
    }

    private int horizontalDown(int x, int y) {
        int along = 2 * y - x;
        return along < -1 ? three(CORNER - 2 + x, 1) : along == -1 ? three(CORNER - 1, 1)
                : along % 2 == 0 ? two(CORNER - 1 - along / 2) : three(CORNER - 2 - along / 2, 1);
    }

    private int horizontalUp(int along) {
        return along > 5 ? edge[0] : along == 5 ? weighted(edge[1], edge[0], edge[0]) : along % 2 == 0 ? two(2 - along / 2) : three(3 - along / 2, -1);
    }

    /** Two neighbours of the edge. */
    private int two(int first) {
        return edge[first] + edge[first + 1] + 1 >> 1;
    }

    /** Three neighbours of the edge, in either direction. */
    private int three(int first, int step) {
        return weighted(edge[first], edge[first + step], edge[first + 2 * step]);
    }

    private static int weighted(int a, int b, int c) {
        return a + 2 * b + c + 2 >> 2;
    }
}
