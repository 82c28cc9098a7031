// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CountedTest {
    @ParameterizedTest
    @CsvSource({"0, 0 nodes", "1, 1 node", "2, 2 nodes", "-1, -1 nodes"})
    void oneIsSingular(long number, String expected) {
        assertEquals(expected, Counted.of(number, "node"));
    }

    @ParameterizedTest
    @CsvSource({"2, layers marked, 2 layers marked", "1, layers marked, 1 layer marked", "1, branches left out, 1 branch left out",
        "1, entries, 1 entry", "1, uses of it, 1 use of it", "1, norm fused, 1 norm fused"})
    void theFirstWordIsPutInTheSingular(long number, String words, String expected) {
        assertEquals(expected, Counted.words(number, words));
    }
}
