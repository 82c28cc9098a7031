// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    private static Tokenizer stories;

    @BeforeAll
    static void open() throws IOException {
        stories = Tokenizer.open(Path.of(System.getProperty("depthc.root"), "samples/checkpoints/stories260k"));
    }

    @AfterAll
    static void close() {
        stories.close();
    }

    @Test
    void encodesWithTheTokenizersOwnSpecialTokens() {
        assertArrayEquals(new long[] {1, 403, 407, 261, 378}, stories.encode("Once upon a time"));
        assertArrayEquals(new long[] {403, 407, 261, 378}, stories.encodeWithoutSpecialTokens("Once upon a time"));
    }

    @Test
    void neitherCutsNorPads() {
        assertArrayEquals(new long[] {1}, stories.encode(""));
        assertTrue(stories.encode("word ".repeat(3000)).length > 3000);
    }

    @Test
    void decodes() {
        assertEquals("Once upon a time", stories.decode(1, 403, 407, 261, 378));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Once upon a time, there was", "  two  spaces  ", "café, 日本語 and 😀!", "\n\nlines\n", "ünïcödé", " ", ""})
    void streamedTextIsTheWholeText(String text) {
        long[] ids = stories.encode(text);
        StreamDecoder stream = stories.stream();
        var streamed = new StringBuilder();
        for (long id : ids) {
            streamed.append(stream.next(id));
        }
        streamed.append(stream.flush());
        assertEquals(text, streamed.toString());
    }

    /** The first new token's leading space depends on the prompt. */
    @Test
    void streamGoesOnFromAPrompt() {
        long[] ids = stories.encode("Once upon a time 😀 there");
        for (int cut = 1; cut < ids.length; cut++) {
            long[] before = Arrays.copyOf(ids, cut);
            StreamDecoder stream = stories.stream(before);
            var streamed = new StringBuilder();
            for (int i = cut; i < ids.length; i++) {
                streamed.append(stream.next(ids[i]));
            }
            String all = stories.decode(ids);
            assertTrue(all.endsWith(streamed.toString()), "cut at " + cut + ": " + streamed);
            String prompt = stories.decode(before);
            if (!prompt.contains("\uFFFD")) {
                assertEquals(all.substring(prompt.length()), streamed.toString(), "cut at " + cut);
            }
        }
    }

    @Test
    void noFile(@TempDir Path dir) {
        assertEquals(dir + ": has no tokenizer.json, expected one beside the weights for text in and out; where a command takes token ids"
                + " (--input-ids), they work without; else put one into the checkpoint and convert it again", assertThrows(InputException.class, () -> Tokenizer.open(dir)).getMessage());
    }

    private static String stories() throws IOException {
        return Files.readString(Path.of(System.getProperty("depthc.root"), "samples/checkpoints/stories260k/tokenizer.json"));
    }

    @Test
    void aVocabularyThatTheModelDoesNotHave(@TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("tokenizer.json"), stories());
        Tokenizer.check(dir, 512);
        Tokenizer.check(dir, 32_000);
        String message = assertThrows(InputException.class, () -> Tokenizer.check(dir, 511)).getMessage();
        assertEquals(file + ": has tokens up to id 511, but the model's vocabulary (vocab_size) has 511, expected ids below that; the tokenizer"
                + " belongs to another model", message);
    }

    /** As in published checkpoints: a token was added, to which no row of the embedding belongs. */
    @Test
    void anAddedTokenThatTheModelDoesNotHave(@TempDir Path dir) throws IOException {
        String added = "\"added_tokens\": [{\"id\": 512, \"content\": \"<pad>\", \"single_word\": false, \"lstrip\": false, \"rstrip\": false,"
                + " \"normalized\": false, \"special\": true}, ";
        String text = stories().replaceFirst("\"added_tokens\": *\\[", Matcher.quoteReplacement(added));
        Path file = Files.writeString(dir.resolve("tokenizer.json"), text);
        Tokenizer.check(dir, 512);
        try (Tokenizer tokenizer = Tokenizer.open(dir, 512)) {
            assertArrayEquals(new long[] {1, 403, 407, 261, 378}, tokenizer.encode("Once upon a time"));
            String message = assertThrows(InputException.class, () -> tokenizer.encode("Once<pad>")).getMessage();
            assertEquals(file + ": the text has the token \"<pad>\" with id 512, which the model does not have: its ids end at 511; leave that token out"
                    + " of the text", message);
        }
    }

    @Test
    void unigramTokensAreNumberedInOrder(@TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("t"), "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", -1.5], [\"b\", -2], [\"c\", -3],"
                + " [\"<pad>\", 0]]}, \"added_tokens\": [{\"content\": \"<pad>\", \"id\": 3}]}");
        assertEquals(OptionalLong.of(2), TokenizerJson.read(file).largest());
        Files.writeString(file, "{\"model\": [], \"added_tokens\": 7}");
        assertEquals(OptionalLong.empty(), TokenizerJson.read(file).largest());
    }

    @Test
    void aVocabularyThatLacksWhatItsModelNeeds(@TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("tokenizer.json"), "{\"model\": {\"type\": \"Unigram\", \"unk_id\": null, \"vocab\": [[\"a\", 0.0]]}}");
        try (Tokenizer tokenizer = Tokenizer.open(dir)) {
            String message = assertThrows(InputException.class, () -> tokenizer.encode("b")).getMessage();
            assertTrue(message.startsWith(file + ": the tokenizer fails on the text: "), message);
        }
    }

    /** The library ends the process on each of these: they must not reach it. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "\"decoder\": { | \"decoder\": {\"x\": 1e999, | a number that is too large",
        "\"decoder\": { | \"decoder\": {\"x\": 123456789012345678901234567890, | a number that is too large",
        "\"decoder\": { | \"decoder\": {\"x\": \"\\ud800\", | a string with half of a character",
        "\"special_tokens\": { | \"special_tokens\": {}, \"x\": { | uses the special token \"<s>\", which its special_tokens do not define",
    })
    void whatTheLibraryWouldNotSurvive(String found, String replaced, String expected, @TempDir Path dir) throws IOException {
        assertTrue(stories().contains(found), found);
        Path file = Files.writeString(dir.resolve("tokenizer.json"), stories().replace(found, replaced));
        String message = assertThrows(InputException.class, () -> Tokenizer.open(dir)).getMessage();
        assertTrue(message.startsWith(file + ": cannot be read as a tokenizer: line ") && message.contains(expected), message);
    }

    @Test
    void deepNestingDoesNotReachTheLibrary(@TempDir Path dir) throws IOException {
        Files.writeString(dir.resolve("tokenizer.json"), stories().replace("\"decoder\": {", "\"decoder\": {\"x\": " + "[".repeat(200) + "]".repeat(200) + ","));
        assertTrue(assertThrows(InputException.class, () -> Tokenizer.open(dir)).getMessage().contains("depth"));
    }

    @Test
    void aFileThatIsTooLong(@TempDir Path dir) throws IOException {
        try (var file = new RandomAccessFile(dir.resolve("tokenizer.json").toFile(), "rw")) {
            file.setLength(3L << 30); // sparse
        }
        String message = assertThrows(InputException.class, () -> Tokenizer.open(dir)).getMessage();
        assertTrue(message.endsWith("has 3221225472 bytes, expected a tokenizer of at most 128000000"), message);
    }

    @Test
    void aFileThatIsCutShort(@TempDir Path dir) throws IOException {
        byte[] whole = stories().getBytes(StandardCharsets.UTF_8);
        for (int length = 0; length < whole.length; length += 1 + whole.length / 37) {
            Path file = Files.write(dir.resolve("tokenizer.json"), Arrays.copyOf(whole, length));
            String message = assertThrows(InputException.class, () -> Tokenizer.check(dir, 512)).getMessage();
            assertTrue(message.startsWith(file + ": cannot be read as a tokenizer: ") || message.startsWith(file + ": is not UTF-8 text"), message);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{oops", "", "[1]", "null", "\"x\"", "{\"model\": {}}", "{\"version\": \"1.0\", \"model\": null}"})
    void anotherFile(String content, @TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("tokenizer.json"), content);
        String message = assertThrows(InputException.class, () -> Tokenizer.open(dir)).getMessage();
        assertTrue(message.startsWith(file + ": cannot be read as a tokenizer: "), message);
        assertEquals(1, message.lines().count());
    }
}
