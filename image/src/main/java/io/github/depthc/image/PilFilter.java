// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/** A resampling filter of Pillow, by the numbers that {@code preprocessor_config.json} has under {@code resample}. */
public enum PilFilter {
    /** Windowed sinc over three pixels. */
    LANCZOS(1, 3),
    /** A triangle over one pixel. */
    BILINEAR(2, 1),
    /** Cubic convolution with a = −0.5 over two pixels. */
    BICUBIC(3, 2);

    private static final double A = -0.5;

    private final int code;
    private final double support;

    PilFilter(int code, double support) {
        this.code = code;
        this.support = support;
    }

    /** Pillow's number for it. */
    public int code() {
        return code;
    }

    /** Half of the filter's width, in pixels of the smaller picture. */
    double support() {
        return support;
    }

    /** The filter's value at a distance from its middle. */
    double at(double distance) {
        double x = Math.abs(distance);
        return switch (this) {
            case LANCZOS -> x < 3 ? sinc(x) * sinc(x / 3) : 0;
            case BILINEAR -> x < 1 ? 1 - x : 0;
            case BICUBIC -> x < 1 ? ((A + 2) * x - (A + 3)) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
        };
    }

    private static double sinc(double x) {
        return x == 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
    }
}
