// SPDX-License-Identifier: Apache-2.0
package org.example.changescore;

import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.testkit.TextTests;
import io.github.depthc.testkit.VerifierTests;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class ChangeTextTest {
    private final PassRegistry passes = PassRegistry.load();

    /** What passes make of a text. */
    @TestFactory
    Stream<DynamicTest> texts() {
        return new TextTests(passes).in(Path.of("src/test/resources/mir"));
    }

    /** Mistakes that the verifier must find, on the lines they are on. */
    @TestFactory
    Stream<DynamicTest> mistakes() {
        return new VerifierTests(passes).in(Path.of("src/test/resources/verifier"));
    }
}
