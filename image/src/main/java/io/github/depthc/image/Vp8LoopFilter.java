// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/** Smooths the edges of blocks (RFC 6386, section 15). */
final class Vp8LoopFilter {
    private static final int MAX_LEVEL = 63;

    /**
     * How strongly the edges of a block are smoothed.
     *
     * @param limit     of the difference across an inner edge; 0 for no smoothing at all
     * @param interior  of the differences beside an edge
     * @param threshold above which a difference beside the edge is a line of the picture's own
     */
    record Strength(int limit, int interior, int threshold) {
        static Strength of(int level, int sharpness) {
            int clamped = Math.clamp(level, 0, MAX_LEVEL);
            if (clamped == 0) {
                return new Strength(0, 0, 0);
            }
            int interior = clamped;
            if (sharpness > 0) {
                interior = Math.min(interior >> (sharpness > 4 ? 2 : 1), 9 - sharpness);
            }
            interior = Math.max(1, interior);
            return new Strength(2 * clamped + interior, interior, clamped >= 40 ? 2 : clamped >= 15 ? 1 : 0);
        }
    }

    private final boolean simple;

    Vp8LoopFilter(boolean simple) {
        this.simple = simple;
    }

    /** The edges of a macroblock in luma and both chromas; {@code inner} for those inside it too. */
    void macroblock(Vp8Plane luma, Vp8Plane u, Vp8Plane v, int column, int row, Strength strength, boolean inner) {
        if (strength.limit == 0) {
            return;
        }
        edges(luma, column, row, 16, strength, inner);
        if (!simple) {
            edges(u, column, row, 8, strength, inner);
            edges(v, column, row, 8, strength, inner);
        }
    }

    private void edges(Vp8Plane plane, int column, int row, int size, Strength strength, boolean inner) {
        int at = plane.at(column * size, row * size);
        if (column > 0) {
            edge(plane, at, 1, plane.stride, size, strength, true);
        }
        for (int i = 4; inner && i < size; i += 4) {
            edge(plane, at + i, 1, plane.stride, size, strength, false);
        }
        if (row > 0) {
            edge(plane, at, plane.stride, 1, size, strength, true);
        }
        for (int i = 4; inner && i < size; i += 4) {
            edge(plane, at + i * plane.stride, plane.stride, 1, size, strength, false);
        }
    }

    /**
     * One edge.
     *
     * @param across from one pixel to the next across the edge
     * @param along  from one pixel to the next along it
     * @param outer  whether it is between macroblocks
     */
    private void edge(Vp8Plane plane, int from, int across, int along, int size, Strength strength, boolean outer) {
        int limit = 2 * (strength.limit + (outer ? 4 : 0)) + 1;
        int at = from;
        for (int i = 0; i < size; i++, at += along) {
            int p1 = plane.get(at - 2 * across);
            int p0 = plane.get(at - across);
            int q0 = plane.get(at);
            int q1 = plane.get(at + across);
            if (4 * Math.abs(p0 - q0) + Math.abs(p1 - q1) > limit) {
                continue;
            }
            if (simple) {
                two(plane.pixels, at, across, p1, p0, q0, q1);
                continue;
            }
            int p2 = plane.get(at - 3 * across);
            int q2 = plane.get(at + 2 * across);
            int most = strength.interior;
            if (Math.abs(plane.get(at - 4 * across) - p2) > most || Math.abs(p2 - p1) > most || Math.abs(p1 - p0) > most
                    || Math.abs(plane.get(at + 3 * across) - q2) > most || Math.abs(q2 - q1) > most || Math.abs(q1 - q0) > most) {
                continue;
            }
            if (Math.abs(p1 - p0) > strength.threshold || Math.abs(q1 - q0) > strength.threshold) {
                two(plane.pixels, at, across, p1, p0, q0, q1);
            } else if (outer) {
                six(plane.pixels, at, across, p2, p1, p0, q0, q1, q2);
            } else {
                four(plane.pixels, at, across, p1, p0, q0, q1);
            }
        }
    }

    private static void two(byte[] pixels, int at, int across, int p1, int p0, int q0, int q1) {
        int a = 3 * (q0 - p0) + Math.clamp(p1 - q1, -128, 127);
        pixels[at - across] = Vp8Plane.clamped(p0 + small(a + 3 >> 3));
        pixels[at] = Vp8Plane.clamped(q0 - small(a + 4 >> 3));
    }

    private static void four(byte[] pixels, int at, int across, int p1, int p0, int q0, int q1) {
        int a = 3 * (q0 - p0);
        int down = small(a + 4 >> 3);
        int outwards = down + 1 >> 1;
        pixels[at - 2 * across] = Vp8Plane.clamped(p1 + outwards);
        pixels[at - across] = Vp8Plane.clamped(p0 + small(a + 3 >> 3));
        pixels[at] = Vp8Plane.clamped(q0 - down);
        pixels[at + across] = Vp8Plane.clamped(q1 - outwards);
    }

    private static void six(byte[] pixels, int at, int across, int p2, int p1, int p0, int q0, int q1, int q2) {
        int a = Math.clamp(3 * (q0 - p0) + Math.clamp(p1 - q1, -128, 127), -128, 127);
        int near = 27 * a + 63 >> 7;
        int middle = 18 * a + 63 >> 7;
        int far = 9 * a + 63 >> 7;
        pixels[at - 3 * across] = Vp8Plane.clamped(p2 + far);
        pixels[at - 2 * across] = Vp8Plane.clamped(p1 + middle);
        pixels[at - across] = Vp8Plane.clamped(p0 + near);
        pixels[at] = Vp8Plane.clamped(q0 - near);
        pixels[at + across] = Vp8Plane.clamped(q1 - middle);
        pixels[at + 2 * across] = Vp8Plane.clamped(q2 - far);
    }

    private static int small(int value) {
        return Math.clamp(value, -16, 15);
    }
}
