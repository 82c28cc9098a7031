// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextTestsTest {
    private static final String GRAPH = """
            graph(%x: f32[tokens, 8]) {
              %a = scale{factor=1.0}(%x) : f32[tokens, 8]
              %b = silu(%a) : f32[tokens, 8]
              %c = scale{factor=2.0}(%b) : f32[tokens, 8]
              yield %c
            }
            """;
    private static final String OUTPUT = """
            remark: 1 dropped
            graph(%x: f32[tokens, 8]) {
              %b = silu(%x) : f32[tokens, 8]
              %c = scale{factor=2.0}(%b) : f32[tokens, 8]
              yield %c
            }
            """;

    @TempDir
    Path temp;

    private Path file(String directives, String after) throws IOException {
        return Files.writeString(temp.resolve("test.mir"), "// RUN: drop-unit-scale\n" + directives + GRAPH + after);
    }

    private void passes(String directives) throws IOException {
        new TextTests(TestPasses.REGISTRY, false).run(file(directives, ""));
    }

    private String failure(String directives) throws IOException {
        Path file = file(directives, "");
        AssertionError e = assertThrows(AssertionError.class, () -> new TextTests(TestPasses.REGISTRY, false).run(file));
        return e.getMessage().replace(temp.toString(), "").replace('\\', '/').substring(1);
    }

    @Test
    void checksThatHold() throws IOException {
        passes("""
                // CHECK: remark: 1 dropped
                // CHECK-NEXT: graph(
                // CHECK-NOT: factor=1.0
                // CHECK: %[[B:\\w+]] = silu({{%.}})
                // CHECK-NEXT: %c =  scale{factor={{[\\d.]+}}}(%[[B]])
                // CHECK-LABEL: yield
                """);
    }

    @Test
    void aCheckThatFailsSaysWhereItSearchedAndWhatIsNearest() throws IOException {
        String message = failure("""
                // CHECK: graph(
                // CHECK: %b = silu(%a)
                """);
        assertTrue(message.startsWith("""
                test.mir:3: CHECK: %b = silu(%a)
                  not found in the output from line 3, behind the match of line 2 of the test: %b = silu(%x) : f32[tokens, 8]
                  nearest is line 3: %b = silu(%x) : f32[tokens, 8]
                output:
                    1  remark: 1 dropped
                """), message);
    }

    @Test
    void aLineFoundElsewhereIsNamed() throws IOException {
        assertTrue(failure("// CHECK: silu\n// CHECK: graph\n").contains("it is found before that, at line 2: graph(%x: f32[tokens, 8]) {"));
        String next = failure("// CHECK: graph\n// CHECK-NEXT: yield\n");
        assertTrue(next.contains("from line 3, behind the match of line 2 of the test, which is: %b = silu"), next);
        assertTrue(next.contains("it is found later, at line 5: yield %c"), next);
    }

    @Test
    void whatMustNotBeThereIsNamedWithItsCaptures() throws IOException {
        String message = failure("""
                // CHECK: %[[B:\\w+]] = silu
                // CHECK-NOT: (%[[B]])
                """);
        assertTrue(message.startsWith("""
                test.mir:3: CHECK-NOT: (%[[B]])
                  with B = b
                  found at line 4 of the output: %c = scale{factor=2.0}(%b) : f32[tokens, 8]
                  searched were lines 4 to 6
                """), message);
    }

    @Test
    void mistakesInDirectivesAreErrors() throws IOException {
        assertTrue(failure("// CHECK-NXT: x\n").startsWith("test.mir:2: found '// CHECK-NXT:', expected one of [CHECK, CHECK-LABEL,"));
        assertTrue(failure("// CHECK: {{(}}\n").startsWith("test.mir:2: CHECK: {{(}}\n  no regular expression:"));
        assertTrue(failure("// CHECK: [[X]]\n").contains("[[X]] was not captured before; captured are []"));
        assertTrue(failure("").contains("expected one line '// RUN: pipeline', and either"));
        assertTrue(failure("// FAIL: x\n").contains("expected a failure with 'x', but it ran"));
        assertTrue(failure("// RUN: drop-scale\n// CHECK: x\n").contains("expected one line '// RUN: pipeline'"));
    }

    @Test
    void aFailureIsComparedWithEveryText() throws IOException {
        Path file = Files.writeString(temp.resolve("fail.mir"), "// RUN: drop\n// FAIL: found 'drop'\n// FAIL: expected a pass\n" + GRAPH);
        new TextTests(TestPasses.REGISTRY, false).run(file);
        Files.writeString(file, "// RUN: drop\n// FAIL: found 'drop'\n// FAIL: fall\n" + GRAPH);
        AssertionError e = assertThrows(AssertionError.class, () -> new TextTests(TestPasses.REGISTRY, false).run(file));
        assertTrue(e.getMessage().contains("fail.mir:3: FAIL: fall\n  it failed with another message: pipeline:1:1: found 'drop'"), e.getMessage());
    }

    @Test
    void anExactOutputIsComparedAndBlessed() throws IOException {
        String commented = OUTPUT.lines().map(l -> "// " + l + "\n").reduce("", String::concat);
        var plain = new TextTests(TestPasses.REGISTRY, false);
        plain.run(file("", "// EXPECT:\n" + commented));

        Path wrong = file("", "// EXPECT:\n" + commented.replace("silu", "gelu"));
        AssertionError e = assertThrows(AssertionError.class, () -> plain.run(wrong));
        assertTrue(e.getMessage().contains("test.mir:11: EXPECT: line 3 of the output\n  is         %b = silu(%x) : f32[tokens, 8]\n"
                + "  expected   %b = gelu(%x) : f32[tokens, 8]\n  if the new output is right, run the test with -Ddepthc.bless=true"), e.getMessage());

        new TextTests(TestPasses.REGISTRY, true).run(wrong);
        assertEquals("// RUN: drop-unit-scale\n" + GRAPH + "// EXPECT:\n" + commented, Files.readString(wrong));
        plain.run(wrong);
    }

    @Test
    void anEmptyExactOutputFailsUntilItIsBlessed() throws IOException {
        Path file = file("", "// EXPECT:\n");
        AssertionError e = assertThrows(AssertionError.class, () -> new TextTests(TestPasses.REGISTRY, false).run(file));
        assertTrue(e.getMessage().contains("expected the end"), e.getMessage());
        new TextTests(TestPasses.REGISTRY, true).run(file);
        new TextTests(TestPasses.REGISTRY, false).run(file);
    }

    @Test
    void nothingStandsBelowAnExactOutput() throws IOException {
        Path file = file("", "// EXPECT:\n// x\nyield\n");
        AssertionError e = assertThrows(AssertionError.class, () -> new TextTests(TestPasses.REGISTRY, false).run(file));
        assertTrue(e.getMessage().contains("test.mir:10: found 'yield' below EXPECT:"), e.getMessage());
    }
}
