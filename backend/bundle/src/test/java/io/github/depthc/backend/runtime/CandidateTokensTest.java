// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.mod.Routing;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CandidateTokensTest {
    private static String show(boolean[] flags) {
        var text = new StringBuilder();
        for (boolean f : flags) {
            text.append(f ? '1' : '0');
        }
        return text.toString();
    }

    @ParameterizedTest
    @CsvSource({"PROMPT,5,01110", "PROMPT,2,00", "PROMPT,1,0", "ALL,3,111", "VISION,3,000", "GIVEN,3,000"})
    void rules(Routing.Candidates rule, int tokens, String expected) {
        assertEquals(expected, show(CandidateTokens.DEFAULT.flags(tokens, rule)));
    }

    @Test
    void givenOnesReplaceTheRule() {
        assertEquals("0011", show(CandidateTokens.range(2, 4).flags(4, Routing.Candidates.ALL)));
        assertArrayEquals(new boolean[4], CandidateTokens.NONE.flags(4, Routing.Candidates.ALL));
        var two = new CandidateTokens.Ranges(List.of(new TokenRange(0, 1), new TokenRange(2, 3)));
        assertEquals("1010", show(two.flags(4, Routing.Candidates.PROMPT)));
    }

    @ParameterizedTest
    @CsvSource({"-1,2", "0,5", "2,2", "3,1", "4,5", "0,2147483647"})
    void rangesOutsideThePrompt(int begin, int end) {
        var e = assertThrows(InputException.class, () -> CandidateTokens.range(begin, end).flags(4, Routing.Candidates.ALL));
        assertTrue(e.getMessage().contains(begin + ":" + end) && e.getMessage().contains("4 tokens"), e.getMessage());
    }
}
