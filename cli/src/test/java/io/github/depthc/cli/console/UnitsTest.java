// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class UnitsTest {
    @ParameterizedTest
    @CsvSource({"0, 0 FLOPs", "999, 999 FLOPs", "1000, 1.00 kFLOPs", "8.378e12, 8.38 TFLOPs", "999999, 1.00 MFLOPs", "4.92e12, 4.92 TFLOPs"})
    void flops(double value, String expected) {
        assertEquals(expected, Units.flops(value));
    }

    @ParameterizedTest
    @CsvSource({"0, 0 B", "1023, 1023 B", "1024, 1.00 KiB", "1048575, 1.00 MiB", "13476839424, 12.55 GiB"})
    void bytes(long value, String expected) {
        assertEquals(expected, Units.bytes(value));
    }

    @ParameterizedTest
    @CsvSource({"136314880, 130 MiB", "1395864371, 1.3 GiB", "512, 512 B", "13476839424, 13 GiB"})
    void roughBytes(long value, String expected) {
        assertEquals(expected, Units.roughBytes(value));
    }

    @ParameterizedTest
    @CsvSource({"0, 0 µs", "0.00034, 340 µs", "0.0123, 12.3 ms", "0.5, 500 ms", "0.9999, 1.00 s", "1.25, 1.25 s", "9.999, 10.0 s", "59.96, 1 min 00 s", "125, 2 min 05 s",
            "3599.9, 1 h 00 min", "4320, 1 h 12 min", "NaN, ?"})
    void durations(double value, String expected) {
        assertEquals(expected, Units.duration(value));
    }

    @ParameterizedTest
    @CsvSource({"0, 0.0 %", "0.5868, 58.7 %", "1, 100.0 %", "NaN, –", "Infinity, –"})
    void percentages(double part, String expected) {
        assertEquals(expected, Units.percent(part));
    }

    @ParameterizedTest
    @CsvSource({"260032, 260032", "1500000, 1.50 million", "6738415616, 6.74 billion"})
    void counts(long value, String expected) {
        assertEquals(expected, Units.count(value));
    }

    @Test
    void aColumnHasOneUnit() {
        Units.Scale s = Units.flopsScale(256.6e9);
        assertEquals("GFLOPs", s.unit());
        assertEquals("0.17", s.of(0.17e9, 2));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "0.6, 0.6", "1e300, 1e300", "100, 100", "-0.5, -0.5", "NaN, NaN"})
    void plainNumbers(double value, String expected) {
        assertEquals(expected, Units.plain(value));
    }
}
