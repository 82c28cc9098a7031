// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.AttributeDefault;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecordCodecTest {
    enum Colour { RED, DARK_BLUE }

    sealed interface Rule {
        record None() implements Rule {
        }

        record TopK(double ratio) implements Rule {
        }

        sealed interface Nested extends Rule {
        }

        record HTTPProxy2(Rule inner) implements Nested {
        }
    }

    record Empty() {
    }

    record All(int i, long l, double d, boolean b, String s, Colour e, List<Integer> list, List<List<Colour>> lists, Empty empty, Rule rule,
            Rule.TopK one, List<Rule> rules, WeightExpr weight, TensorType tensor, io.github.depthc.ir.Type type) {
    }

    record Options(int samples, String file, List<Long> layers) {
        Options {
            if (samples < 1) {
                throw new TypeException("samples is " + samples + ", expected at least 1");
            }
        }
    }

    record Grown(int a, @AttributeDefault("[1, 2]") List<Integer> b) {
    }

    record Written(@AttributeDefault("0.50") double ratio) {
    }

    record Unreadable(@AttributeDefault("half") double ratio) {
    }

    record Odd(Map<String, String> map) {
    }

    private static final Options DEFAULTS = new Options(8, "a.txt", List.of());

    private static Options options(String text) {
        return RecordCodec.parse(Options.class, new SourceText("opt", text), DEFAULTS);
    }

    @Test
    void anAttributeOfItsDefaultIsNotWritten() {
        assertEquals("{a=1}", RecordCodec.print(new Grown(1, List.of(1, 2))));
        assertEquals("{a=1, b=[1]}", RecordCodec.print(new Grown(1, List.of(1))));
        for (Grown grown : List.of(new Grown(1, List.of(1, 2)), new Grown(2, List.of()))) {
            assertEquals(grown, RecordCodec.parse(Grown.class, new SourceText("x", RecordCodec.print(grown)), null));
        }
        assertEquals(new Grown(1, List.of(1, 2)), RecordCodec.parse(Grown.class, new SourceText("x", "{b=[1, 2], a=1}"), null));
    }

    @Test
    void aDefaultIsGivenAsItIsPrinted() {
        RecordCodec.requireText(Grown.class);
        String otherwise = assertThrows(IllegalArgumentException.class, () -> RecordCodec.requireText(Written.class)).getMessage();
        assertEquals("ratio of Written: @AttributeDefault(\"0.50\"): expected it as it is printed, 0.5", otherwise);
        String unreadable = assertThrows(IllegalArgumentException.class, () -> RecordCodec.requireText(Unreadable.class)).getMessage();
        assertTrue(unreadable.startsWith("ratio of Unreadable: @AttributeDefault(\"half\"): "), unreadable);
    }

    @Test
    void everyComponentTypeRoundTrips() {
        var weight = new WeightExpr.Stored("c", "w", TensorType.fixed(DType.F32, 2));
        var all = new All(-1, Long.MIN_VALUE, 1e-5, true, "a\"b", Colour.DARK_BLUE, List.of(1, 2), List.of(List.of(Colour.RED), List.of()),
                new Empty(), new Rule.HTTPProxy2(new Rule.None()), new Rule.TopK(0.1), List.of(new Rule.TopK(1), new Rule.None()), weight,
                weight.type(), new io.github.depthc.ir.CacheType(1, 2, true));
        String text = RecordCodec.print(all);
        assertEquals("{i=-1, l=-9223372036854775808, d=1.0E-5, b=true, s=\"a\\\"b\", e=dark_blue, list=[1, 2], lists=[[red], []], empty={}, "
                + "rule=http_proxy2(inner=none), one=top_k(ratio=0.1), rules=[top_k(ratio=1.0), none], weight=@c:\"w\" : f32[2], tensor=f32[2], "
                + "type=cache<1x2, indexed>}", text);
        assertEquals(all, RecordCodec.parse(All.class, new SourceText("x", text), null));
    }

    @Test
    void componentsLeftOutComeFromTheDefaults() {
        assertEquals(new Options(3, "a.txt", List.of()), options("{samples=3}"));
        assertEquals(new Options(8, "b", List.of(1L, 2L)), options("{layers=[1,2],file=\"b\"}"));
        assertEquals(DEFAULTS, options("{}"));
        assertEquals(DEFAULTS, options(" // nothing"));
    }

    record Plan(Options options, Rule rule, int last) {
    }

    private static final Plan PLAN = new Plan(DEFAULTS, new Rule.TopK(0.5), 7);

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{options={samples=3}}|{options={samples=3, file=\"a.txt\", layers=[]}}",
        "{options={}}|",
        "{rule=top_k, last=8}|{last=8}",
        "{rule=top_k()}|",
        "{rule=top_k(ratio=0.25)}|{rule=top_k(ratio=0.25)}",
        "{rule=none}|{rule=none}",
        "{rule=http_proxy2(inner=none)}|{rule=http_proxy2(inner=none)}",
    })
    void componentsOfComponentsComeFromTheirOwnDefaults(String text, String printed) {
        Plan plan = RecordCodec.parse(Plan.class, new SourceText("opt", text), PLAN);
        assertEquals(printed == null ? "" : printed, RecordCodec.print(plan, PLAN));
    }

    @Test
    void anotherChoiceThanTheDefaultNeedsAllOfIt() {
        var text = new SourceText("opt", "{rule=http_proxy2}");
        assertEquals("opt:1:18: found '}', expected '(' and inner=",
                assertThrows(TextException.class, () -> RecordCodec.parse(Plan.class, text, PLAN)).getMessage());
    }

    @Test
    void whereValuesStandIsTold() {
        var places = new TreeMap<String, String>();
        RecordCodec.parse(Plan.class, new Cursor(new SourceText("opt", "{last=1, options={layers=[4,\n 5]}, rule=top_k(ratio=1)}")), PLAN,
                (path, at) -> places.put(path, at.toString()));
        assertEquals("{last=opt:1:7, options=opt:1:18, options.layers=opt:1:26, options.layers[0]=opt:1:27, options.layers[1]=opt:2:2, rule=opt:2:12, "
                + "rule.ratio=opt:2:24}", places.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{layers=1}|opt:1:9: found '1', expected a list: write [1]",
        "{layers=-12}|opt:1:9: found '-12', expected a list: write [-12]",
        "{layers=all}|opt:1:9: found 'all', expected a list: write [all]",
        "{layers=}|opt:1:9: found '}', expected '['",
    })
    void aListIsWrittenInBrackets(String text, String message) {
        assertEquals(message, assertThrows(TextException.class, () -> options(text)).getMessage());
    }

    @Test
    void aChoiceCanBeReadOnItsOwn() {
        assertEquals(new Rule.TopK(0.5), RecordCodec.parseValue(Rule.class, new Cursor(new SourceText("x", "top_k(ratio=0.5)"))));
        assertEquals(new Rule.None(), RecordCodec.parseValue(Rule.class, new Cursor(new SourceText("x", "none()"))));
    }

    @Test
    void recordsAndTypesTellHowTheyAreWritten() {
        assertEquals(List.of("8", "\"a.txt\"", "[]"), RecordCodec.printValues(DEFAULTS));
        assertEquals("{samples=3, layers=[1]}", RecordCodec.print(new Options(3, "a.txt", List.of(1L)), DEFAULTS));
        assertEquals("", RecordCodec.print(DEFAULTS, DEFAULTS));
        assertEquals(List.of("red", "dark_blue"), RecordCodec.choices(Colour.class));
        assertEquals(List.of("none", "top_k", "http_proxy2"), RecordCodec.choices(Rule.class));
        assertEquals(List.of(), RecordCodec.choices(String.class));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{sample=3}|opt:1:2: found 'sample', expected one of samples=, file=, layers=; did you mean 'samples'?",
        "{samples=3, samples=4}|opt:1:13: found 'samples' again, expected it once",
        "{samples=0}|opt:1:2: samples is 0, expected at least 1",
        "{samples=1.5}|opt:1:10: found '1.5', expected an integer",
        "{samples=3000000000}|opt:1:10: found '3000000000', expected an integer between -2147483648 and 2147483647",
        "{samples=99999999999999999999}|opt:1:10: found '99999999999999999999', expected an integer between -2147483648 and 2147483647",
        "{samples=--3}|opt:1:10: found '--3', expected an integer",
        "{samples 3}|opt:1:10: found '3', expected '='",
        "{samples=3 file=\"\"}|opt:1:12: found 'file', expected ',' or '}'",
        "{samples=3,}|opt:1:12: found '}', expected one of samples=, file=, layers=",
        "{file=a}|opt:1:7: found 'a', expected a string in double quotes",
        "{file=\"a}|opt:1:7: found a string without an end, expected '\"' on the same line",
        "{file=\"\\x\"}|opt:1:8: found an unknown escape, expected one of \\\" \\\\ \\n \\r \\t \\u0000",
        "{file=\"\\u12\"}|opt:1:8: found an incomplete escape, expected \\u and four hexadecimal digits",
        "{layers=[1,]}|opt:1:12: found ']', expected an integer",
        "{layers=[1 2]}|opt:1:12: found '2', expected ',' or ']'",
        "{} x|opt:1:4: found 'x', expected the end of the text",
        "{|opt:1:2: found the end of the text, expected one of samples=, file=, layers=",
    })
    void mistakesAreNamed(String text, String message) {
        assertEquals(message, assertThrows(TextException.class, () -> options(text)).getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "topk|x:1:1: found 'topk', expected one of http_proxy2, none, top_k; did you mean 'top_k'?",
        "top_k|x:1:6: found the end of the text, expected '(' and ratio=",
        "top_k()|x:1:7: found ')', expected 'ratio='",
        "top_k(ratio=NaN)|x:1:13: found 'NaN', expected a number",
        "top_k(ratio=1e999)|x:1:13: found '1e999', expected a number that a double can hold",
        "none(a=1)|x:1:6: found 'a', expected ')': it has no attributes",
        "7|x:1:1: found '7', expected one of http_proxy2, none, top_k",
    })
    void mistakesInChoicesAreNamed(String text, String message) {
        var cursor = new Cursor(new SourceText("x", text));
        assertEquals(message, assertThrows(TextException.class, () -> RecordCodec.parseValue(Rule.class, cursor)).getMessage());
    }

    @Test
    void withoutDefaultsEveryComponentIsNeeded() {
        var text = new SourceText("opt", "{samples=3, layers=[]}");
        assertEquals("opt:1:22: found '}', expected 'file='",
                assertThrows(TextException.class, () -> RecordCodec.parse(Options.class, text, null)).getMessage());
        var nothing = new SourceText("opt", "(");
        assertEquals("opt:1:1: found '(', expected '{' and samples=, file=, layers=",
                assertThrows(TextException.class, () -> RecordCodec.parse(Options.class, nothing, null)).getMessage());
    }

    @Test
    void whatHasNoTextFormIsRefused() {
        assertEquals("ratio is NaN, expected a finite number",
                assertThrows(IllegalArgumentException.class, () -> RecordCodec.print(new Rule.TopK(Double.NaN))).getMessage());
        assertThrows(IllegalArgumentException.class, () -> RecordCodec.print(new Rule.TopK(Double.NEGATIVE_INFINITY)));
        assertThrows(IllegalArgumentException.class, () -> RecordCodec.print(new Odd(Map.of())));
        assertThrows(IllegalArgumentException.class, () -> RecordCodec.print(new Odd(null)));
    }
}
