// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CacheBufferTest {
    @ParameterizedTest
    @CsvSource({"0,32", "32,32", "33,48", "48,48", "49,64", "65,96", "97,128", "900,1008", "1000,1008", "1001,1008", "2000,2000"})
    void buckets(int entries, int capacity) {
        assertEquals(capacity, CacheBuffer.bucket(entries, 1000));
    }

    @ParameterizedTest
    @CsvSource({"600,768", "769,1024", "2147483632,2147483632"})
    void unlimitedBuckets(int entries, int capacity) {
        assertEquals(capacity, CacheBuffer.bucket(entries, Integer.MAX_VALUE));
    }
}
