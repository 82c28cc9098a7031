// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.TokenRange;
import io.github.depthc.ir.InputException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CandidatesParserTest {
    @Test
    void reads() {
        assertEquals(CandidateTokens.DEFAULT, CandidatesParser.parse(null));
        assertEquals(CandidateTokens.NONE, CandidatesParser.parse("none"));
        assertEquals(CandidateTokens.range(1, 9), CandidatesParser.parse("1:9"));
        assertEquals(new CandidateTokens.Ranges(List.of(new TokenRange(1, 3), new TokenRange(5, 6))), CandidatesParser.parse("1:3, 5:6"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "1:", ":4", "a:b", "-1:4", "1:2:3", "1:3,", "1:99999999999"})
    void refusesWhatIsNoRange(String text) {
        assertThrows(InputException.class, () -> CandidatesParser.parse(text));
    }
}
