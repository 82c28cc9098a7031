// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.onnx.CacheMode;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.mod.Routing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class BundleJsonTest {
    @TempDir
    private Path dir;

    private static BundleInfo info(Routing... routings) {
        int layers = routings.length + 1;
        var plans = Stream.concat(Stream.of(LayerPlan.dense(0)),
                IntStream.range(0, routings.length).mapToObj(i -> LayerPlan.mod(i + 1, routings[i], "plain"))).toList();
        return new BundleInfo("0.1", new ModelInfo("tiny", "llama", layers, 8, 2, 1, 4, 16, 32, 64), BundleInfo.Output.LOGITS, plans,
                Collections.nCopies(layers, new LayerCache(CacheMode.IN_PLACE, 1, 4, false)),
                layers == 1 ? Routing.Candidates.PROMPT : routings[0].candidates(), layers == 1 ? Routing.DecodeRule.DENSE : routings[0].decode(),
                new TokenIds(OptionalInt.of(1), List.of(2)),
                List.of(new BundleInfo.Component("decoder", "onnx", WeightsVariant.SOURCE, false, "model.onnx", BundleInfo.Inputs.TOKEN_IDS)),
                List.of(new FileEntry("model.onnx", 5, "0".repeat(64), null),
                        new FileEntry("weights/a.safetensors", 1L << 40, "1".repeat(64), "2".repeat(64))));
    }

    private BundleInfo roundTrip(BundleInfo info) throws IOException {
        return BundleJson.read(Files.write(dir.resolve(Bundle.JSON), BundleJson.write(info)));
    }

    private static Stream<Routing> routings() {
        Routing p = Routing.plain(0.3);
        return Stream.of(Routing.pmod(0.15, new Routing.Gate.Tanh(0.2, 1), true), Routing.pmod(0.5, new Routing.Gate.Softmax(1, 1), false),
                Routing.gamma(0.005, 0.5), Routing.original(1.0 / 3), p, p.withPart(Routing.Part.ATTENTION), p.withPart(Routing.Part.MLP), p.withScore(new Routing.Score.Given()), p.withScore(new Routing.Score.Given(1, 32)),
                new Routing(new Routing.Score.AttentionReceived(4), new Routing.Gate.One(), Routing.Placement.MLP,
                        new Routing.Selection.TopK(0.5), Routing.Candidates.ALL, Routing.SkippedKv.KEEP, Routing.Positions.ORIGINAL,
                        new Routing.SkipPath.Linear(3), Routing.DecodeRule.DENSE),
                new Routing(new Routing.Score.None(), new Routing.Gate.One(), Routing.Placement.BLOCK,
                        new Routing.Selection.Random(0.5, 42), Routing.Candidates.GIVEN, Routing.SkippedKv.DROP,
                        Routing.Positions.ORIGINAL, new Routing.SkipPath.Identity(), Routing.DecodeRule.DENSE));
    }

    @ParameterizedTest
    @MethodSource("routings")
    void readsWhatItWrote(Routing routing) throws IOException {
        BundleInfo info = info(routing);
        assertEquals(info, roundTrip(info));
    }

    @Test
    void anEncoderStaysOne() throws IOException {
        BundleInfo i = info();
        var encoder = new BundleInfo(i.toolVersion(), i.model(), BundleInfo.Output.HIDDEN_STATES, i.layers(), i.caches(), i.candidates(), i.decode(),
                i.tokens(), i.components(), i.files());
        assertEquals(encoder, roundTrip(encoder));
        assertEquals(i.model().hidden(), encoder.outputWidth());
    }

    @Test
    void absentIdsStayAbsent() throws IOException {
        BundleInfo i = info();
        var none = new BundleInfo(i.toolVersion(), i.model(), i.output(), i.layers(), i.caches(), i.candidates(), i.decode(), TokenIds.NONE,
                i.components(), i.files());
        assertEquals(none, roundTrip(none));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "\"depthc_bundle\" : 1 | \"depthc_bundle\" : 2 | schema version 2",
        "\"depthc_bundle\" : 1 | \"other\" : 1 | no field depthc_bundle",
        "\"depthc_bundle\" : 1 | \"depthc_bundle\" : \"1\" | depthc_bundle is \"1\", expected a whole number",
        "\"layers\" : 2 | \"layers\" : 99999999 | model.layers is 99999999, expected a whole number from 1 to 1024",
        "\"layers\" : 2 | \"layers\" : 3 | has 2 layers, expected 3",
        "\"hidden\" : 8 | \"hidden\" : -8 | model.hidden is -8",
        "\"hidden\" : 8 | \"hidden\" : 8.5 | model.hidden is 8.5",
        "\"context\" : 64 | \"context\" : 99999999999999999999 | model.context is 99999999999999999999",
        "\"path\" : \"model.onnx\" | \"path\" : \"../model.onnx\" | routing.x",
        "\"path\" : \"model.onnx\" | \"path\" : \"/etc/passwd\" | path",
        "\"path\" : \"model.onnx\" | \"path\" : \"C:/x\" | path",
        "\"path\" : \"model.onnx\" | \"path\" : \"a\\\\b\" | path",
        "\"path\" : \"model.onnx\" | \"path\" : \"weights/a.safetensors\" | again",
        "\"size\" : 5 | \"size\" : -5 | size is -5",
        "\"sha256\" : \"0 | \"sha256\" : \"g | 64 hexadecimal digits",
        "\"file\" : \"model.onnx\" | \"file\" : \"x.onnx\" | not among the bundle's files",
        "\"kind\" : \"evenly_spaced\" | \"kind\" : \"best\" | kind is \"best\", expected one of [top_k, threshold, evenly_spaced, most_recent, recent_top_k, random]",
        "\"mode\" : \"in_place\" | \"mode\" : \"IN_PLACE\" | expected one of [in_place, append]",
        "\"candidates\" : \"prompt\" | \"candidates\" : null | candidates is null",
        "\"bos\" : 1 | \"bos\" : -1 | tokens.bos is -1, expected a whole number from 0 to 31",
        "\"bos\" : 1 | \"bos\" : \"1\" | tokens.bos is \"1\", expected a whole number",
        "\"bos\" : 1 | \"bos\" : 32 | tokens.bos is 32, expected a whole number from 0 to 31",
        "\"eos\" : [ 2 ] | \"eos\" : [ 2, 32 ] | tokens.eos[1] is 32, expected a whole number from 0 to 31",
        "\"eos\" : [ 2 ] | \"eos\" : 2 | tokens.eos is 2, expected an array",
        "\"context\" : 64 | \"context\" : 1073741825 | model.context is 1073741825",
        "\"context\" : 64 | \"context\" : 0 | model.context is 0",
        "\"vocab\" : 32 | \"vocab\" : 0 | model.vocab is 0",
        "\"heads\" : 2 | \"heads\" : 0 | model.heads is 0",
        "\"kv_heads\" : 1 | \"kv_heads\" : 3 | model has 2 heads and 3 kv_heads, expected a divisor",
        "\"intermediate\" : 16 | \"intermediate\" : true | model.intermediate is true",
        "\"kv_heads\" : 1, | \"kv_heads\" : 2, | routing.layers[0].cache.kv_heads is 1, expected 2",
        "\"name\" : \"tiny\" | \"name\" : 7 | model.name is 7, expected a text",
        "\"layer\" : 1 | \"layer\" : 0 | routing.layers[1].layer is 0",
        "\"ratio\" : 0.3 | \"ratio\" : 0.4 | routing.layers[1] has the ratio 0.4, expected 0.3 as its selection has",
        "\"ratio\" : 0.3 | \"ratio\" : 1e400 | routing.layers[1].ratio is",
        "\"decode\" : \"dense\" | \"decode\" : \"threshold\" | routing.layers[1] has other candidates or another decode rule than routing",
        "\"indexed\" : false | \"indexed\" : 0 | routing.layers[0].cache.indexed is 0, expected true or false",
        "\"portable\" : false | \"portable\" : \"no\" | components[0].portable is \"no\", expected true or false",
        "\"weights\" : \"source\" | \"weights\" : \"auto\" | components[0].weights is \"auto\", expected one of [source, fp32, bf16, int8, int4]",
        "\"inputs\" : \"token_ids\" | \"inputs\" : \"bytes\" | components[0].inputs is \"bytes\", expected one of",
        "\"path\" : \"model.onnx\" | \"path\" : \"bundle.json\" | files[0] lists bundle.json itself",
        "\"size\" : 5 | \"size\" : 5000000 | files[0] has 5000000 bytes and no sample",
        "\"size\" : 5 | \"size\" : 5, \"sample\" : \"0000000000000000000000000000000000000000000000000000000000000000\" | files[0] has 5 bytes and a sample",
        "\"bundle_sha256\" : | \"other\" : | bundle_sha256 is missing",
        "\"bundle_sha256\" : \" | \"bundle_sha256\" : \"x | 64 hexadecimal digits",
        "\"score\" : { | \"score\" : 7, \"x\" : { | score is 7, expected an object",
        "\"tokens\" : { | \"tokens\" : {}, \"tokens\" : { | no valid JSON",
        "\"kind\" : \"evenly_spaced\" | \"kind\" : \"top_k\" | does not hold together: a top_k or threshold selection needs a score, but the score is none",
        "\"kind\" : \"one\" | \"kind\" : \"sigmoid\", \"alpha\" : 1, \"beta\" : 0 | does not hold together: a gate other than one needs a score, but",
        "\"skip_path\" : { | \"gone\" : { | routing.layers[1].skip_path is missing",
    })
    void hostileFields(String found, String replaced, String expected) throws IOException {
        String text = new String(BundleJson.write(info(Routing.plain(0.3))), StandardCharsets.UTF_8);
        assertTrue(text.contains(found), found);
        String changed = text.replaceFirst(java.util.regex.Pattern.quote(found), java.util.regex.Matcher.quoteReplacement(replaced));
        Path file = Files.writeString(dir.resolve(Bundle.JSON), sealed(changed));
        var e = assertThrows(InputException.class, () -> BundleJson.read(file));
        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
        assertTrue(e.getMessage().contains(expected.equals("routing.x") ? "relative path inside the bundle" : expected), e.getMessage());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }

    /** The checksum as docs/bundle.md says that it is made. */
    static String sealed(String text) {
        String open = text.replaceFirst("(\"bundle_sha256\" : \")[0-9a-f]{64}", "$1" + "0".repeat(64));
        return open.replaceFirst("(\"bundle_sha256\" : \")0{64}", "$1" + Checksums.of(open.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void theSealIsAsDocumented() throws IOException {
        String text = new String(BundleJson.write(info()), StandardCharsets.UTF_8);
        assertEquals(text, sealed(text));
    }

    /** One digit, one space, one more line: whoever changed it, and whether it still makes sense. */
    @Test
    void everyChangeOfAByteIsFound() throws IOException {
        byte[] text = BundleJson.write(info(Routing.plain(0.3)));
        Path file = dir.resolve(Bundle.JSON);
        for (int i = 0; i < text.length; i++) {
            byte[] changed = text.clone();
            changed[i] = (byte) (changed[i] == '7' ? '8' : '7');
            Files.write(file, changed);
            assertThrows(InputException.class, () -> BundleJson.read(file), "byte " + i);
        }
        for (String changed : List.of(new String(text, StandardCharsets.UTF_8).replace("\"context\" : 64", "\"context\" : 51"),
                new String(text, StandardCharsets.UTF_8) + "\n", new String(text, StandardCharsets.UTF_8).replace(" : ", ":"))) {
            Files.writeString(file, changed);
            var e = assertThrows(InputException.class, () -> BundleJson.read(file));
            assertTrue(e.getMessage().startsWith(file + " was changed since it was written"), e.getMessage());
        }
        for (int length = 0; length < text.length; length += 7) {
            Files.write(file, Arrays.copyOf(text, length));
            var e = assertThrows(InputException.class, () -> BundleJson.read(file));
            assertTrue(length == 0 || e.getMessage().contains("it is truncated"), () -> e.getMessage() + e.getCause().getClass());
        }
    }

    @Test
    void anEmptyFileIsSaidToBe() throws IOException {
        Path file = Files.createFile(dir.resolve(Bundle.JSON));
        assertEquals(file + " is empty; restore it or convert the model again",
                assertThrows(InputException.class, () -> BundleJson.read(file)).getMessage());
    }

    private static Stream<String> noJson() {
        return Stream.of("", "{", "[]", "null", "7", "{}{}", "{\"a\":1,}", "[".repeat(100_000), "{\"a\":".repeat(1000), "\0\0\0\0",
                "{\"depthc_bundle\":1}", "{\"depthc_bundle\":1,\"model\":[]}", "{\"" + "x".repeat(1 << 20) + "\":1}",
                "{\"depthc_bundle\":" + "9".repeat(5000) + "}");
    }

    @ParameterizedTest
    @MethodSource("noJson")
    void hostileTexts(String text) throws IOException {
        Path file = Files.writeString(dir.resolve(Bundle.JSON), text);
        var e = assertThrows(InputException.class, () -> BundleJson.read(file));
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
        assertTrue(e.getMessage().length() < 500, () -> "a message of " + e.getMessage().length() + " characters");
    }
}
