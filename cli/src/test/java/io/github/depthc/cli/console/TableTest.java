// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

final class TableTest {
    @Test
    void alignsWordsLeftAndNumbersRight() {
        var table = new Table(2).right("layer").left("kind").right("ratio").row("0", "dense", "-").row("10", "MoD", "0.5000");
        assertEquals(List.of(
                "  layer  kind    ratio",
                "      0  dense       -",
                "     10  MoD    0.5000"), table.lines());
    }

    @Test
    void aRuleIsAsWideAsTheTable() {
        var table = new Table(1).left("").left("").row("a", "bcd").rule().row("ef", "g");
        assertEquals(List.of(" a   bcd", " ───────", " ef  g"), table.lines());
    }

    @Test
    void aRowHasOneCellForEachColumn() {
        assertThrows(IllegalArgumentException.class, () -> new Table(0).left("a").row("1", "2"));
    }
}
