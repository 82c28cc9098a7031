// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.passes.api.PassRegistry;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** A test of what a provider offers must not pass, or fail with something else, because the provider was left out. */
class LoadedTest {
    private final PassRegistry registry = PassRegistry.load(List.of(Path.of("absent.jar")));

    @Test
    void whatIsMissingIsNamed() {
        for (Executable test : List.<Executable>of(() -> new TextTests(registry), () -> new ValueCheck(registry), () -> new VerifierTests(registry),
                () -> new Fuzzer(registry))) {
            assertEquals("passes or op kinds did not load:\n  plug-in absent.jar: no such file, expected a jar with a provider of passes",
                    assertThrows(AssertionError.class, test).getMessage());
        }
    }
}
