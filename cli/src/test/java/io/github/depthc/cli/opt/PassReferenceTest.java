// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class PassReferenceTest {
    /** The property of the test kit that writes expected outputs anew. */
    private static final String BLESS = "depthc.bless";
    private static final Path TESTS = repository("passes/builtin/src/test/resources/mir");

    @Test
    void thePageIsCurrent() throws IOException {
        Path page = repository("docs/passes.md");
        String now = PassReference.of(PassRegistry.load(), TESTS);
        if (Boolean.getBoolean(BLESS)) {
            Files.writeString(page, now);
        }
        assertEquals(now, Files.exists(page) ? Files.readString(page) : "", "docs/passes.md is not current; CONTRIBUTING.md says how to write it anew");
    }

    @Test
    void everyPassHasAnExampleAndEveryOptionADescription() throws IOException {
        for (Pass<?> pass : PassRegistry.load().all()) {
            String name = pass.spec().name();
            assertTrue(Files.exists(TESTS.resolve(name).resolve("example.mir")), name);
            for (OptionInfo option : OptionInfo.of(pass.spec())) {
                assertTrue(option.description().isPresent(), name + ": @Doc is missing on the option " + option.name());
                assertFalse(option.description().get().endsWith("."), name + ": " + option.description().get());
            }
        }
    }

    @Test
    void linesThatStayAreShownOnce() {
        assertEquals(List.of("  a", "- b", "+ x", "  c", "+ d"), PassReference.diff(List.of("a", "b", "c"), List.of("a", "x", "c", "d")));
    }
}
