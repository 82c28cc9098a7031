// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Texts among the test resources. */
final class TestTexts {
    private TestTexts() {
    }

    static String resource(String name) throws IOException {
        try (var in = TestTexts.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new FileNotFoundException(name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
