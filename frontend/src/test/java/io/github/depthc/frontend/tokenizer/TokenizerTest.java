// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
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
        assertEquals(dir + ": has no tokenizer.json, expected one beside the weights for text in and out; prompts given as token ids"
                + " (--input-ids) work without", assertThrows(InputException.class, () -> Tokenizer.open(dir)).getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{oops", "", "[1]"})
    void anotherFile(String content, @TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("tokenizer.json"), content);
        String message = assertThrows(InputException.class, () -> Tokenizer.open(dir)).getMessage();
        assertTrue(message.startsWith(file + ": cannot be read as a tokenizer: "), message);
        assertEquals(1, message.lines().count());
    }
}
