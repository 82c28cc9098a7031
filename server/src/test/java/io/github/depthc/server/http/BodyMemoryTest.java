// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.server.api.ApiError;
import org.junit.jupiter.api.Test;

final class BodyMemoryTest {
    @Test
    void whatOthersHoldIsNotThere() {
        var memory = new BodyMemory(100);
        BodyMemory.Share first = memory.share();
        first.take(60);
        first.take(30);
        try (BodyMemory.Share second = memory.share()) {
            second.take(10);
            assertEquals(429, assertThrows(ApiError.class, () -> second.take(1)).status());
        }
        first.close();
        first.close();
        try (BodyMemory.Share third = memory.share()) {
            third.take(100);
            assertThrows(ApiError.class, () -> third.take(1));
        }
    }
}
