// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class BarsTest {
    @ParameterizedTest
    @CsvSource({"0, '        ', '........'", "1, ████████, ########", "0.5, '████    ', '####....'", "0.53125, '████▎   ', '####....'", "7, ████████, ########",
            "-1, '        ', '........'"})
    void fills(double part, String unicode, String ascii) {
        assertEquals(unicode, Bars.bar(part, 8, true));
        assertEquals(ascii, Bars.bar(part, 8, false));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.001, 0.06, 0.3333, 0.9, 0.99, 0.999})
    void isAlwaysAsWideAsAsked(double part) {
        assertEquals(16, Bars.bar(part, 16, true).length());
        assertEquals(16, Bars.bar(part, 16, false).length());
    }
}
