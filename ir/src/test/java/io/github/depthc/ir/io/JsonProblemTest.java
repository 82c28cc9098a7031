// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class JsonProblemTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "Document nesting depth (101) exceeds the maximum allowed (100, from `StreamReadConstraints.getMaxNestingDepth()`) "
                + "| Document nesting depth is 101, expected at most 100",
        "Unexpected end-of-input: expected close marker for Object (start marker at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` "
                + "disabled); line: 1, column: 1]) | it ends within a value; it is cut short",
        "Unexpected character ('}' (code 125)): was expecting double-quote to start field name | found '}', expected double-quote to start field name",
        "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false') | found not, expected a value",
        "Non-standard token 'NaN': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow | found NaN, which is no JSON",
        "Unexpected close marker ']': expected '}' (for Object starting at [Source: REDACTED; line: 1, column: 1]) | found ']', expected '}'",
        "Duplicate field 'hidden_size' | Duplicate field 'hidden_size'",
        "Unrecognized character escape 'x' (code 120) | Unrecognized character escape 'x'",
        "Something new with `Library.setting()` | Something new with …",
        "Something new (starting at [Source: (String)\"x\"; line: 1]) | Something new",
    })
    void theSettingsOfTheLibraryAreNotShown(String message, String expected) {
        assertEquals(expected, JsonProblem.plain(message));
    }

    @Test
    void nothingIsSaidToo() {
        assertEquals("it is no JSON", JsonProblem.plain(null));
        assertEquals("first", JsonProblem.plain("first\n at [Source: x]"));
    }
}
