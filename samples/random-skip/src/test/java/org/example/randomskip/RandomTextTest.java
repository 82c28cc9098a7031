// SPDX-License-Identifier: Apache-2.0
package org.example.randomskip;

import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.testkit.TextTests;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Runs every .mir file below src/test/resources/mir. */
class RandomTextTest {
    @TestFactory
    Stream<DynamicTest> texts() {
        return new TextTests(PassRegistry.load()).in(Path.of("src/test/resources/mir"));
    }
}
