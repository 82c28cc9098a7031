// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.testkit.TextTests;
import io.github.depthc.testkit.VerifierTests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of {@code docs/testing-a-pass.md} are tests that pass. */
class TestingDocTest {
    private static final Pattern EXAMPLE = Pattern.compile("```mir\n(.*?)```", Pattern.DOTALL);

    @Test
    void everyExamplePasses(@TempDir Path temp) throws IOException {
        String docs = Files.readString(Repository.ROOT.resolve("docs/testing-a-pass.md"));
        List<MatchResult> examples = EXAMPLE.matcher(docs).results().toList();
        assertEquals(4, examples.size());
        for (MatchResult example : examples) {
            Path file = Files.writeString(temp.resolve("example.mir"), example.group(1));
            if (example.group(1).contains("// RUN:")) {
                new TextTests(Bundles.REGISTRY).run(file);
            } else {
                new VerifierTests(Bundles.REGISTRY).run(file);
            }
        }
    }
}
