// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** With a decoder whose token ids are bytes of UTF-8; negative ids give no text. */
class StreamDecoderTest {
    private static String bytes(long[] ids) {
        byte[] b = new byte[ids.length];
        int n = 0;
        for (long id : ids) {
            if (id >= 0) {
                b[n++] = (byte) id;
            }
        }
        return new String(b, 0, n, StandardCharsets.UTF_8);
    }

    private static List<String> stream(long[] before, long... ids) {
        var decoder = new StreamDecoder(StreamDecoderTest::bytes, before);
        var deltas = new ArrayList<String>();
        for (long id : ids) {
            deltas.add(decoder.next(id));
        }
        deltas.add(decoder.flush());
        return deltas;
    }

    @Test
    void aCharacterComesWhole() {
        assertEquals(List.of("a", "", "é", "b", ""), stream(new long[0], 'a', 0xC3, 0xA9, 'b'));
    }

    @Test
    void brokenBytesComeWithWhatFollows() {
        assertEquals(List.of("a", "", "\uFFFDb", ""), stream(new long[0], 'a', 0xC3, 'b'));
    }

    @Test
    void brokenBytesAtTheEndComeWithTheFlush() {
        assertEquals(List.of("a", "", "\uFFFD"), stream(new long[0], 'a', 0xC3));
    }

    @Test
    void tokensWithoutText() {
        assertEquals(List.of("", "a", "", "b", ""), stream(new long[0], -1, 'a', -2, 'b'));
    }

    @Test
    void aPromptThatEndsWithinACharacter() {
        assertEquals(List.of("é", "x", ""), stream(new long[] {'a', 0xC3}, 0xA9, 'x'));
    }

    @Test
    void manyTokens() {
        long[] ids = "The quick brown fox. ".repeat(50).chars().asLongStream().toArray();
        assertEquals(bytes(ids), String.join("", stream(new long[] {'p'}, ids)));
    }
}
