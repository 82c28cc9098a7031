// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.util.Locale;

/** Numbers for people: a unit that fits and as many digits as mean something. */
public final class Units {
    private static final String[] DECIMAL = {"", "k", "M", "G", "T", "P", "E"};
    private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private Units() {
    }

    /** A divisor and the name of what is left. */
    public record Scale(double divisor, String unit) {
        /** The number in this unit, with a fixed number of decimals. */
        public String of(double value, int decimals) {
            return fixed(value / divisor, decimals);
        }
    }

    /** {@code 8.38 TFLOPs}. */
    public static String flops(double flops) {
        Scale s = flopsScale(flops);
        return s.of(flops, s.divisor() == 1 ? 0 : 2) + " " + s.unit();
    }

    /** The unit for a column of FLOPs whose largest is this. */
    public static Scale flopsScale(double largest) {
        int i = step(largest, 1000, DECIMAL.length);
        return new Scale(Math.pow(1000, i), DECIMAL[i] + "FLOPs");
    }

    /** {@code 12.55 GiB}. */
    public static String bytes(long bytes) {
        Scale s = bytesScale(bytes);
        return s.of(bytes, s.divisor() == 1 ? 0 : 2) + " " + s.unit();
    }

    /** {@code 130 MiB}, {@code 1.3 GiB}: for what is estimated. */
    public static String roughBytes(long bytes) {
        Scale s = bytesScale(bytes);
        return s.of(bytes, bytes / s.divisor() < 10 ? 1 : 0) + " " + s.unit();
    }

    /** The unit for a column of bytes whose largest is this. */
    public static Scale bytesScale(long largest) {
        int i = step(largest, 1024, BINARY.length);
        return new Scale(Math.pow(1024, i), BINARY[i]);
    }

    /** {@code 6.74 billion}. */
    public static String count(long count) {
        if (count < 1_000_000) {
            return Long.toString(count);
        }
        boolean billions = count >= 1_000_000_000;
        return fixed(count / (billions ? 1e9 : 1e6), 2) + (billions ? " billion" : " million");
    }

    /** {@code 340 µs}, {@code 12.3 ms}, {@code 1.25 s}, {@code 2 min 05 s}, {@code 1 h 12 min}. */
    public static String duration(double seconds) {
        if (!(seconds >= 0)) {
            return "?";
        }
        if (seconds < 0.000_999_5) {
            return fixed(seconds * 1e6, 0) + " µs";
        }
        if (seconds < 0.999_5) {
            return fixed(seconds * 1e3, seconds < 0.099_95 ? 1 : 0) + " ms";
        }
        if (seconds < 59.95) {
            return fixed(seconds, seconds < 9.995 ? 2 : 1) + " s";
        }
        long whole = Math.round(seconds);
        return whole < 3600 ? "%d min %02d s".formatted(whole / 60, whole % 60) : "%d h %02d min".formatted(whole / 3600, whole / 60 % 60);
    }

    /** {@code 58.7 %}. */
    public static String percent(double part) {
        if (!Double.isFinite(part)) {
            return "–"; // of nothing
        }
        return fixed(part * 100, 1) + " %";
    }

    /** A number as people write it: {@code 1}, {@code 0.6}, {@code 1e300}. */
    public static String plain(double value) {
        return Double.toString(value).replaceFirst("\\.0(?=E|$)", "").replace('E', 'e');
    }

    /** Digits behind a point whatever the locale. */
    public static String fixed(double value, int decimals) {
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    private static int step(double value, double base, int steps) {
        int i = 0;
        // what two decimals would round up to the next unit belongs to it
        while (i < steps - 1 && Math.abs(value) >= base * (1 - 5e-6)) {
            value /= base;
            i++;
        }
        return i;
    }
}
