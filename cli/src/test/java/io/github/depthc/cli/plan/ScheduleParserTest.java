// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import io.github.depthc.passes.builtin.schedule.RetentionSchedule;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ScheduleParserTest {
    private static final int LAYERS = 4;

    @ParameterizedTest
    @ValueSource(strings = {"prd", "prd()", "prd(average=0.5,max=0.85,min=0.15)", " prd( min = 0.15 , average=0.5 )", "prd(max=0.85)"})
    void prd(String text) {
        assertEquals(new RetentionSchedule.Prd(0.5, 0.85, 0.15), ScheduleParser.parse(text, LAYERS));
    }

    @Test
    void others() {
        assertEquals(new RetentionSchedule.Linear(0.4, 0.9, 0.15), ScheduleParser.parse("linear(average=0.4,max=0.9)", LAYERS));
        assertEquals(new RetentionSchedule.Constant(0.5), ScheduleParser.parse("constant(0.5)", LAYERS));
        assertEquals(new RetentionSchedule.PerLayer(List.of(1.0, 1.0, 0.8, 0.0)), ScheduleParser.parse("list(1,1, 0.8,0)", LAYERS));
    }

    @ParameterizedTest
    @ValueSource(strings = {"prd(average=0.5,max=0.85,min=0.15)", "linear(average=0.4,max=0.9,min=0.1)", "constant(0.25)", "list(1.0,0.5,0.25,1.0)"})
    void printsWhatItReads(String text) {
        assertEquals(text, ScheduleParser.print(ScheduleParser.parse(text, LAYERS)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "cosine | \"cosine\" is no schedule; expected prd",
        "prd(average=0.5 | the closing parenthesis is missing at character 16",
        "prd(averge=0.5) | has \"averge=0.5\" at character 5, expected one of the parameters average, max and min",
        "prd(max=0.9, 0.5) | has \"0.5\" at character 14, expected average=…, max=… or min=…",
        "prd(max=0.9,max=0.8) | has \"max=0.8\" at character 13, expected max only once",
        "prd(max=high) | has \"max=high\" at character 5, expected a number",
        "prd(average=NaN) | has \"average=NaN\" at character 5, expected a finite number",
        "prd(max=0.1) | min is 0.15 and max is 0.1, expected 0 <= min <= max <= 1",
        "prd(max=0.9,) | nothing stands at character 13",
        "constant | constant has 0 arguments, expected one ratio",
        "constant(1.5) | has \"1.5\" at character 10, expected a ratio from 0 to 1",
        "list(1,1,0.5) | the list has 3 ratios, expected 4, one for each layer",
        "list(1,1,-1,1) | has \"-1\" at character 10, expected a ratio from 0 to 1",
    })
    void whatIsWrongIsPointedAt(String text, String expected) {
        InputException e = assertThrows(InputException.class, () -> ScheduleParser.parse(text, LAYERS));
        assertTrue(e.getMessage().startsWith("--schedule " + text + ": "), e.getMessage());
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }
}
