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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
        assertTrue(failure("// CHECK: {{(}}\n").startsWith("test.mir:2: CHECK: {{(}}\n  no regular expression:"));
        assertTrue(failure("// CHECK: [[X]]\n").contains("[[X]] was not captured before; captured are []"));
        assertEquals("test.mir:1: nothing is expected of this, expected '// CHECK: …' lines, a '// EXPECT:' block or both, or '// FAIL: text' lines",
                failure(""));
        assertTrue(failure("// FAIL: x\n").contains("expected a failure with 'x', but it ran"));
        assertEquals("test.mir:2: found a second '// RUN:', the first is on line 1; expected one in each file", failure("// RUN: drop-scale\n// CHECK: x\n"));
        assertTrue(failure("// CHECK: x\n// FAIL: x\n").startsWith("test.mir:3: found '// FAIL:' in a file that expects an output too"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "// CHEK: x            | found '// CHEK:', expected one of CHECK:, CHECK-LABEL:, CHECK-NEXT:, CHECK-NOT:, EXPECT:, FAIL:, RUN:, SAMPLE:; did you mean 'CHECK'?",
        "// CHECK-NXT: x       | found '// CHECK-NXT:', expected one of CHECK:,",
        "// CHECK_NOT: x       | found '// CHECK_NOT:', expected one of CHECK:,",
        "// CHECK-SAME         | found '// CHECK-SAME', expected one of CHECK:,",
        "// NOT: x             | found '// NOT:', expected one of CHECK:, CHECK-LABEL:, CHECK-NEXT:, CHECK-NOT:, EXPECT:, FAIL:, RUN:, SAMPLE:; did you mean 'CHECK-NOT'?",
        "// NEXT: x            | found '// NEXT:', expected one of CHECK:,",
        "// check: x           | found '// check:', expected one of CHECK:,",
        "// FIAL: x            | found '// FIAL:', expected one of",
        "// CHECK x            | found '// CHECK' without a colon, expected '// CHECK: …'",
        "// CHECK:             | found '// CHECK:' with nothing behind it, expected a text to look for",
        "// CHECK: a {{x       | CHECK: a {{x~found '{{' without its end, expected {{regex}}",
        "// CHECK: a [[X:x]    | CHECK: a [[X:x]~found '[[X' without its end, expected [[NAME:regex]] or [[NAME]]",
        "// CHECK-NOT: {{x     | CHECK-NOT: {{x~found '{{' without its end",
        "// CHECK-NOT: {{(}}   | CHECK-NOT: {{(}}~no regular expression:",
        "// SAMPLE: 1, 2       | SAMPLE: 1, 2~found what is no number, expected token ids with spaces between them",
    })
    void whatIsNearlyADirectiveIsAnError(String line, String message) throws IOException {
        String found = failure("// CHECK: graph\n" + line + "\n");
        assertTrue(found.startsWith("test.mir:3: " + message.replace("~", "\n  ")), found);
    }

    @Test
    void whatIsNotOneIsForReaders() throws IOException {
        passes("""
                // NOTE: checks follow. Run the file as it is.
                // A check of lists [[1, 2]] and names:
                // // CHECK: this one is commented out
                // CHECK: graph
                // CHECK-NOT: [[1, 2]]
                """);
        Path behind = file("// CHECK: graph\n", "yield %c // CHECK: yield\n");
        AssertionError e = assertThrows(AssertionError.class, () -> new TextTests(TestPasses.REGISTRY, false).run(behind));
        assertTrue(e.getMessage().endsWith("test.mir:9: found '// CHECK:' behind code, expected it on a line of its own"), e.getMessage());
    }

    @Test
    void failuresNameTheFileOnceAndTheLineOfTheRun() throws IOException {
        Path file = Files.writeString(temp.resolve("run.mir"), "// a pass that is none\n// RUN: drop\n// CHECK: x\n" + GRAPH);
        AssertionError e = assertThrows(AssertionError.class, () -> new TextTests(TestPasses.REGISTRY, false).run(file));
        assertTrue(e.getMessage().startsWith(file + ":2: RUN: drop\n  it failed: pipeline:1:1: found 'drop', expected a pass"), e.getMessage());
        Files.writeString(file, "// RUN: inline\n// CHECK: x\n" + GRAPH.replace("silu", "sulu"));
        AssertionError text = assertThrows(AssertionError.class, () -> new TextTests(TestPasses.REGISTRY, false).run(file));
        assertTrue(text.getMessage().startsWith(file + ":5:8: found 'sulu'"), text.getMessage());
        assertEquals(text.getMessage().lastIndexOf("run.mir"), text.getMessage().indexOf("run.mir"), text.getMessage());
        Files.writeString(file, "// CHECK: x\n" + GRAPH);
        AssertionError none = assertThrows(AssertionError.class, () -> new TextTests(TestPasses.REGISTRY, false).run(file));
        assertEquals(file + ": has no line '// RUN: pipeline', expected one", none.getMessage());
        Files.writeString(file, "// RUN: breaks\n// FAIL: no luck\n" + GRAPH);
        AssertionError broken = assertThrows(AssertionError.class, () -> new TextTests(TestPasses.REGISTRY, false).run(file));
        assertTrue(broken.getMessage().startsWith(file + ":1: RUN: breaks\n  it failed: pass breaks of ") && broken.getMessage().contains("no luck"),
                broken.getMessage());
    }

    @Test
    void withSamplesPassesRunTheModel() throws IOException {
        String model = """
                graph(%input_ids: i64[tokens], %p: i64[tokens], %rows: rows[tokens], %c0: cache<1x4>) {
                  %table = weight @checkpoint:"embed" : f32[16, 4]
                  %x0 = embedding(%input_ids, %table) : f32[tokens, 4]
                  %x1, %d0 = layer{index=0, selected=false, ratio=1.0}(%x0, %p, %rows, %c0) : f32[tokens, 4], cache<1x4>
                    region(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                      %w = weight @checkpoint:"w" : bf16[4, 4]
                      %y = linear(%x, %w) : f32[tokens, 4]
                      yield %y, %c
                    }
                  yield %x1, %d0
                }
                """;
        Path file = Files.writeString(temp.resolve("run.mir"), "// SAMPLE: 1 2 3\n// SAMPLE: 4 5\n// RUN: measure\n// CHECK: remark: sample 0 of 3 tokens [[N:\\S+]]\n"
                + "// CHECK-NEXT: remark: sample 1 of 2 tokens\n// CHECK-NOT: NaN\n" + model);
        new TextTests(TestPasses.REGISTRY, false).run(file);
        String[] outputs = new String[2];
        for (int i = 0; i < outputs.length; i++) {
            Files.writeString(file, "// SAMPLE: 1 2 3\n// RUN: measure\n" + model + "// EXPECT:\n");
            new TextTests(TestPasses.REGISTRY, true).run(file);
            outputs[i] = Files.readString(file);
        }
        assertEquals(outputs[0], outputs[1], "weights are the same each time");
        Files.writeString(file, "// RUN: measure\n// FAIL: this pass needs calibration text\n" + model);
        new TextTests(TestPasses.REGISTRY, false).run(file);
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
