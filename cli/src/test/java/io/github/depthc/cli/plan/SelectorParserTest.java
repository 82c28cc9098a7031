// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import io.github.depthc.passes.builtin.select.SelectLayers.Options;
import io.github.depthc.passes.builtin.select.SelectLayers.Rule;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SelectorParserTest {
    private static final int LAYERS = 32;

    @ParameterizedTest
    @CsvSource({"all, ALL", "none, NONE", "odd, ODD", "deep, DEEP", "arank:auto, ARANK_AUTO", "' odd ', ODD"})
    void rules(String text, Rule rule) {
        assertEquals(Optional.of(Options.of(rule)), SelectorParser.parse(text, LAYERS));
    }

    @Test
    void theScheduleMaySelect() {
        assertEquals(Optional.empty(), SelectorParser.parse("prd", LAYERS));
    }

    @Test
    void numbersAndRangesAreSortedAndCountedOnce() {
        assertEquals(Optional.of(Options.given(List.of(3, 5, 7, 8, 9))), SelectorParser.parse("7-9,3, 5 ,8", LAYERS));
    }

    @ParameterizedTest
    @CsvSource({"odd, 1", "deep, 3"})
    void aRuleThatSelectsNothingIsAnError(String text, int layers) {
        InputException e = assertThrows(InputException.class, () -> SelectorParser.parse(text, layers));
        assertTrue(e.getMessage().startsWith("--layers " + text + ": is none of the model's layers, which are 0 to " + (layers - 1) + "; expected all"), e.getMessage());
        SelectorParser.parse(text, layers + 1);
    }

    @ParameterizedTest
    @CsvSource({"arank:4, 4", "arank:32, 32", "arank:50%, 16", "arank:1%, 1", "arank:100%, 32", "arank:12.5%, 4"})
    void lowestRanks(String text, int count) {
        assertEquals(Optional.of(Options.arank(count)), SelectorParser.parse(text, LAYERS));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "3,x | \"x\" is not a layer number",
        "3,,4 | \"\" is not a layer number",
        "-3 | \"-3\" is not a layer number",
        "3,99 | has \"99\", expected a layer of the model, 0 to 31",
        "99999999999 | has \"99999999999\", expected a layer of the model, 0 to 31",
        "9-7 | has \"9-7\", expected the smaller number first",
        "evn | \"evn\" is not a layer number or a range of them; expected all, none,",
        "arank:0 | has \"0\", expected 1 to 32 layers",
        "arank:33 | has \"33\", expected 1 to 32 layers",
        "arank:half | has \"half\", expected a number of layers",
        "arank:0% | has \"0%\", expected more than 0 and at most 100 %",
        "arank:x% | has \"x%\", expected a percentage",
    })
    void whatIsWrongIsNamed(String text, String expected) {
        InputException e = assertThrows(InputException.class, () -> SelectorParser.parse(text, LAYERS));
        assertTrue(e.getMessage().startsWith("--layers " + text + ": "), e.getMessage());
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    @Test
    void knowsWhatMeasures() {
        assertTrue(SelectorParser.measures("arank:auto"));
        assertFalse(SelectorParser.measures("odd"));
    }
}
