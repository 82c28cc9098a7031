// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin;

import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.testkit.TextTests;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class BuiltinPassTextTest {
    @TestFactory
    Stream<DynamicTest> passes() {
        return new TextTests(PassRegistry.load()).in(Path.of("src/test/resources/mir"));
    }
}
