// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.BuiltinOps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class VerifierTestsTest {
    /** What the verifier says of the built-in op kinds; the files are the IR's. */
    @TestFactory
    Stream<DynamicTest> builtinOps() {
        return new VerifierTests(BuiltinOps.SET).in(Path.of(System.getProperty("depthc.root"), "ir/src/test/resources/verifier"));
    }

    @Test
    void everyErrorThatIsMissingOrNotExpectedIsNamed(@TempDir Path temp) throws IOException {
        Path file = Files.writeString(temp.resolve("a.mir"), """
                graph(%x: f32[tokens, 8]) {
                  %a = silu(%x) : f32[tokens, 8]  // error: has 1 operand
                  %b = silu(%x, %x) : f32[tokens, 8]
                  yield %a
                }
                """);
        AssertionError e = assertThrows(AssertionError.class, () -> new VerifierTests(BuiltinOps.SET).run(file));
        assertEquals(file + ":2: expected an error with 'has 1 operand'\n"
                + file + ":3: not expected: has 2 operands, expected 1; in %b = silu(%x, %x) : f32[tokens, 8]", e.getMessage());
    }

    /** A test that checks nothing must not pass. */
    @Test
    void whatIsNearlyAnExpectationIsAnError(@TempDir Path temp) throws IOException {
        String graph = """
                graph(%x: f32[tokens, 8]) {
                  %a = silu(%x) : f32[tokens, 8] COMMENT
                  yield %a
                }
                """;
        for (String comment : List.of("// eror: has 1", "// ERROR: has 1", "// error has 1\n// errors:", "//error: has 1", "// error:", "// error: ", "// Valid")) {
            Path file = Files.writeString(temp.resolve("a.mir"), graph.replace("COMMENT", comment));
            AssertionError e = assertThrows(AssertionError.class, () -> new VerifierTests(BuiltinOps.SET).run(file), comment);
            assertTrue(e.getMessage().contains("expected"), e.getMessage());
        }
        Path silent = Files.writeString(temp.resolve("a.mir"), graph.replace("COMMENT", "// has an error: no"));
        AssertionError e = assertThrows(AssertionError.class, () -> new VerifierTests(BuiltinOps.SET).run(silent));
        assertEquals(silent + ": expects nothing: give each faulty line a comment '// error: part of the message', or the file a line '// valid'", e.getMessage());
        new VerifierTests(BuiltinOps.SET).run(Files.writeString(temp.resolve("a.mir"), "// valid\n" + graph.replace("COMMENT", "")));
    }

    @Test
    void aFileIsNoFolder(@TempDir Path temp) throws IOException {
        Path file = Files.writeString(temp.resolve("a.mir"), "\uFEFF// valid\ngraph() {\n  yield\n}\n");
        new VerifierTests(BuiltinOps.SET).run(file);
        var e = assertThrows(IllegalArgumentException.class, () -> new VerifierTests(BuiltinOps.SET).in(file));
        assertTrue(e.getMessage().contains("is a file, expected a folder of .mir files"), e.getMessage());
    }

    @Test
    void aTextThatTheParserRefusesHasThatOneError(@TempDir Path temp) throws IOException {
        Path file = Files.writeString(temp.resolve("a.mir"), """
                graph(%x: f32[tokens, 8]) {
                  %a = sliu(%x) : f32[tokens, 8]  // error: found 'sliu', expected
                  yield %a
                }
                """);
        new VerifierTests(BuiltinOps.SET).run(file);
    }
}
