// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.ir.weight.WeightStore;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ParserErrorTest {
    private static TextException error(String text) {
        return assertThrows(TextException.class, () -> Parser.parse(new SourceText("a.mir", text), BuiltinOps.SET));
    }

    /** A line inside a graph with parameters, and the message about it; the line is the second. */
    static Stream<Arguments> lines() {
        return Stream.of(
                Arguments.of("%y = linr(%x)", "2:8: found 'linr', expected an op; did you mean 'linear'?"),
                Arguments.of("%y = frobnicate(%x)", "2:8: found 'frobnicate', expected an op"),
                Arguments.of("%y = silu(%xx) : f32[]", "2:13: found '%xx', expected a value defined above in the same region; did you mean 'x'?"),
                Arguments.of("%y = silu(%y) : f32[]", "2:13: found '%y', expected a value defined above in the same region"),
                Arguments.of("%y = silu(x) : f32[]", "2:13: found 'x', expected a value such as %x"),
                Arguments.of("%y = silu(%x %x) : f32[]", "2:16: found '%x', expected ',' or ')'"),
                Arguments.of("%y = silu(%x)", "3:3: found 'yield', expected ':'"),
                Arguments.of("%y = silu(%x) : f31[]", "2:19: found 'f31', expected a type; did you mean 'f32'?"),
                Arguments.of("%y = silu(%x) : f32", "3:3: found 'yield', expected '['"),
                Arguments.of("%y = silu(%x) : f32[-1]", "2:23: found '-1', expected a size"),
                Arguments.of("%y = silu(%x) : f32[99999999999999999999]",
                        "2:23: found '99999999999999999999', expected a size of at most 9223372036854775807"),
                Arguments.of("%y = silu(%x) : cache<0x8>", "2:19: a cache of 0 heads of size 8; both must be at least 1"),
                Arguments.of("%y = silu(%x) : cache<99999999999x8>", "2:19: integer overflow"),
                Arguments.of("%y = silu(%x) : f32[], f32[]", "2:17: found 2 types, expected 1, one for each result"),
                Arguments.of("%y, %z = silu(%x) : f32[]", "2:21: found 1 type, expected 2, one for each result"),
                Arguments.of("%x = silu(%x) : f32[]", "2:3: found a second definition of '%x', expected another name"),
                Arguments.of("%y, %y = silu(%x) : f32[]", "2:7: found a second definition of '%y', expected another name"),
                Arguments.of("%y = layer(%x)", "2:13: found '(', expected '{' and index=, selected=, ratio="),
                Arguments.of("%y = layer{index=0, ratio=1}(%x)", "2:30: found '}', expected 'selected='"),
                Arguments.of("%y = layer{index=-1, selected=false, ratio=1}(%x)", "2:14: index is -1, expected 0 or more"),
                Arguments.of("%y = residual{branch=mpl}(%x)", "2:24: found 'mpl', expected one of attention, mlp; did you mean 'mlp'?"),
                Arguments.of("%y = silu{a=1}(%x)", "2:13: found 'a', expected '}': it has no attributes"),
                Arguments.of("%y = weight(%x)", "2:14: found '(', expected a weight: @source:\"name\" : type, or one of "
                        + "[slice, concat, transpose, reshape, cast, quantized, dense]"),
                Arguments.of("%y = weight slise(%x)", "2:15: found 'slise', expected one of [slice, concat, transpose, reshape, cast, quantized, dense]"
                        + "; did you mean 'slice'?"),
                Arguments.of("%y = weight @c:\"w\" : rows[n]", "2:24: found 'rows[n]', expected a tensor type"),
                Arguments.of("%y = weight @c:\"w\" : f32[n]", "2:15: f32[n] has the symbolic dimension n, expected fixed sizes"),
                Arguments.of("%y = weight slice(@c:\"w\" : f32[2], axis=1, begin=0, end=1)",
                        "2:38: slice [0, 1) of axis 1 is outside f32[2]"),
                Arguments.of("%y = weight slice(@c:\"w\" : f32[2], axis=0, begin=0)", "2:53: found ')', expected 'end='"),
                Arguments.of("%y = weight concat(axis=0)", "2:15: a concatenation of nothing"),
                Arguments.of("%y = weight dense(f32[2], [1])", "2:15: an inline weight of type f32[2] with 1 value, expected f32 and as many "
                        + "values as elements"),
                Arguments.of("weight @c:\"w\" : f32[2]", "2:3: found 0 results of a weight, expected 1"),
                Arguments.of("yield %y }", "2:9: found '%y', expected a value defined above in the same region"),
                Arguments.of("yield %x, }", "2:13: found '}', expected a value such as %x"),
                Arguments.of("yield } x", "2:11: found 'x', expected the end of the text"),
                Arguments.of("region() { yield }", "2:3: found 'region', expected an op"),
                Arguments.of("\u0000", "2:3: found '\\u0000', expected an op or 'yield'"),
                Arguments.of("😀", "2:3: found '\\ud83d\\ude00', expected an op or 'yield'"),
                Arguments.of("}", "2:3: found '}', expected an op or 'yield'"));
    }

    @ParameterizedTest
    @MethodSource("lines")
    void mistakesInALineAreNamed(String line, String message) {
        assertEquals("a.mir:" + message, error("graph(%x: f32[], %rows: rows[n]) {\n  " + line + "\n  yield\n}\n").getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "graph(%x: f32[4611686018427387904, 2]) { yield } | a.mir:1:11: a tensor f32[4611686018427387904, 2] has more bytes than can be counted (2^63 - 1)",
        "graph(%x: f64[tokens, 3037000500, 3037000500]) { yield } | a.mir:1:11: a tensor f64[tokens, 3037000500, 3037000500] has more",
        "graph(%x: f32[0, 9223372036854775807]) { yield } | a.mir:1:11: a tensor f32[0, 9223372036854775807] has more",
        "graph() { %w = weight @c:\"a\" : u8[9223372036854775807, 9] yield } | a.mir:1:32: a tensor u8[9223372036854775807, 9] has more",
        "graph() { %w = weight reshape(dense(f32[1], [1]), shape=[4294967296, 4294967296]) yield } | a.mir:1:51: a tensor f32[4294967296, 4294967296] has more",
    })
    void sizesThatCannotBeCountedAreRefused(String text, String message) {
        String found = error(text).getMessage();
        assertTrue(found.startsWith(message), found);
    }

    static Stream<Arguments> texts() {
        return Stream.of(
                Arguments.of("", "1:1: found the end of the text, expected 'graph'"),
                Arguments.of("\n// only this", "2:13: found the end of the text, expected 'graph'"),
                Arguments.of("depthc.mir 2", "1:12: found version 2 of the text form, expected 1"),
                Arguments.of("depthc.mir 1\nmodel x", "2:7: found 'x', expected a string in double quotes"),
                Arguments.of("depthc.mir 1\nmodel \"x\" {name=\"y\"}", "2:12: found 'name', expected one of architecture=, layers=, hidden=, heads=, "
                        + "kvHeads=, headDim=, intermediate=, vocab=, context="),
                Arguments.of("graph(%x) { yield }", "1:9: found ')', expected ':'"),
                Arguments.of("graph(%x: f32[], %x: f32[]) { yield }", "1:18: found a second definition of '%x', expected another name"),
                Arguments.of("graph(%x: f32[]", "1:16: found the end of the text, expected ',' or ')'"),
                Arguments.of("graph() { yield", "1:16: found the end of the text, expected a value such as %x"),
                Arguments.of("graph() {", "1:10: found the end of the text, expected an op or 'yield'"));
    }

    @ParameterizedTest
    @MethodSource("texts")
    void mistakesInATextAreNamed(String text, String message) {
        assertEquals("a.mir:" + message, error(text).getMessage());
    }

    @Test
    void aRegionSeesNothingOutside() {
        assertEquals("a.mir:4:17: found '%x', expected a value defined above in the same region", error("""
                graph(%x: f32[]) {
                  %y = layer{index=0, selected=false, ratio=1}(%x) : f32[]
                    region(%a: f32[]) {
                      %b = silu(%x) : f32[]
                      yield %b
                    }
                  yield %y
                }""").getMessage());
    }

    @Test
    void aModelNeedsItsHeader() {
        var text = new SourceText("a.mir", "graph() { yield }");
        assertEquals("a.mir:1:1: found 'graph', expected 'depthc.mir 1', the first line of a model",
                assertThrows(TextException.class, () -> Parser.model(text, BuiltinOps.SET, WeightStore.EMPTY)).getMessage());
    }

    @Test
    void theExceptionShowsTheLine() {
        TextException e = error("graph() {\n  %y = nothing() : f32[]\n}");
        assertEquals("  %y = nothing() : f32[]\n       ^", e.excerpt());
        assertEquals(new Location("a.mir", 2, 8), e.diagnostic().location());
        TextException clipped = error("graph() {" + " ".repeat(1000) + "\t?" + "x".repeat(1000));
        assertTrue(clipped.excerpt().lines().allMatch(l -> l.length() <= 161), clipped.excerpt());
        assertEquals('?', clipped.excerpt().charAt(clipped.excerpt().indexOf('^') - clipped.excerpt().indexOf('\n') - 1));
    }

    @Test
    void nestingIsLimited() {
        String layer = "%y = layer{index=0, selected=false, ratio=1}() : f32[] region() { ";
        assertTrue(error("graph() { " + layer.repeat(40)).getMessage().contains("found nesting deeper than 32 levels"));
        assertTrue(error("graph() { " + layer.repeat(1_000_000 / layer.length())).getMessage().contains("found nesting deeper than 32 levels"));
        assertTrue(error("graph() { %w = weight " + "concat(".repeat(100_000)).getMessage().contains("found nesting deeper than 32 levels"));
    }

    private static final Duration MOST = Duration.ofSeconds(3);

    /** Texts made to be slow: a million characters each, read or refused in time that grows with their length. */
    static Stream<Arguments> hostile() {
        int n = 1 << 20;
        String nested = "concat(".repeat(30) + "@a:\"\" : f32[1], axis=0" + "), axis=0".repeat(29) + ")";
        String many = "@a:\"\" : f32[1], ".repeat(n / 32);
        return Stream.of(
                Arguments.of("spaces", " ".repeat(n)),
                Arguments.of("comments", "// x\n".repeat(n / 5)),
                Arguments.of("one name", "graph(%" + "x".repeat(n)),
                Arguments.of("one number", "graph() { %x = constant{value=" + "1".repeat(n) + "}() : f32[] yield }"),
                Arguments.of("one exponent", "graph() { %x = constant{value=1e-" + "1".repeat(n) + "}() : f32[] yield }"),
                Arguments.of("one string", "graph() { %x = weight @c:\"" + "\\u0041".repeat(n / 6) + "\" : f32[1] yield %x }"),
                Arguments.of("an open string", "graph() { %x = weight @c:\"" + "x".repeat(n)),
                Arguments.of("results", "graph() { " + IntStream.range(0, n / 8).mapToObj(i -> "%" + i).reduce((a, b) -> a).orElseThrow()
                        + ", %x".repeat(n / 4)),
                Arguments.of("nodes", "graph() { " + IntStream.range(0, n / 32).mapToObj(i -> "%" + i + " = constant{value=1}() : f32[] ")
                        .collect(java.util.stream.Collectors.joining()) + "yield }"),
                Arguments.of("dimensions", "graph(%x: f32[" + "1, ".repeat(n / 3) + "1]) { yield }"),
                Arguments.of("nested views", "graph() { " + IntStream.range(0, n / 600).mapToObj(i -> "%" + i + " = weight " + nested + " : f32[1] ")
                        .collect(java.util.stream.Collectors.joining()) + "yield }"),
                Arguments.of("wide nested views", "graph() { %w = weight " + "concat(".repeat(20) + many + "axis=0"
                        + "), axis=0".repeat(19) + ") : f32[1] yield }"),
                Arguments.of("sizes that overflow", "graph() { %w = weight concat(concat(@a:\"\" : f32[9223372036854775807], "
                        + "@b:\"\" : f32[9223372036854775807], axis=0), axis=0) yield }"));
    }

    /** By processor time: other programs may have the machine meanwhile. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("hostile")
    void hostileTextsAreQuick(String name, String text) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        try {
            var region = Parser.region(new SourceText("a.mir", text), BuiltinOps.SET);
            Verifier.check(region, BuiltinOps.SET);
            Printer.print(region);
        } catch (TextException e) {
            assertTrue(e.getMessage().length() < 1000, () -> e.getMessage().substring(0, 200));
        }
        long took = threads.getCurrentThreadCpuTime() - start;
        assertTrue(took < MOST.toNanos(), () -> name + " took " + took / 1_000_000 + " ms");
    }

    @Test
    void aCheckpointLineBelongsToAModelAndNamesAFolder() {
        assertEquals("a.mir:1:1: found 'checkpoint', expected 'graph'", error("checkpoint \"a\" graph() { yield }").getMessage());
        String model = "depthc.mir 1\nmodel \"m\" {architecture=\"x\", layers=1, hidden=1, heads=1, kvHeads=1, headDim=1, intermediate=1, vocab=1, "
                + "context=1}\n";
        assertEquals("a.mir:3:12: found 'graph', expected a string in double quotes", error(model + "checkpoint graph() { yield }").getMessage());
    }

    @Test
    void bytesThatAreNoTextAreRefused() {
        byte[] bytes = "graph() {\n  é \u0000 yield }".getBytes(StandardCharsets.ISO_8859_1);
        assertEquals("a.mir:2:3: found the byte 0xe9, expected UTF-8",
                assertThrows(TextException.class, () -> SourceText.of("a.mir", bytes)).getMessage());
        byte[] cut = {'g', (byte) 0xe2, (byte) 0x82};
        assertEquals("a.mir:1:2: found the byte 0xe2, expected UTF-8", assertThrows(TextException.class, () -> SourceText.of("a.mir", cut)).getMessage());
        var big = new byte[SourceText.MAX_CHARS + 1];
        assertEquals("a.mir: the text has 16777217 characters, expected fewer: at most 16777216 are read; let large weights stand in a checkpoint, "
                + "@checkpoint:\"name\", instead of by value",
                assertThrows(TextException.class, () -> SourceText.of("a.mir", big)).getMessage());
    }
}
