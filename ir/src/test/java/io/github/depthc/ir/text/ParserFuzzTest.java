// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Damaged texts: each is refused with a {@link TextException}, or read, checked without a crash, and printed. */
class ParserFuzzTest {
    private static final long SEED = 20250101;
    private static final int MUTATIONS = 4000;
    private static final long SECOND = 1_000_000_000L;
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9_.%@-]+|\"[^\"]*\"|\\S");

    private static final String[] WORDS = {"(", ")", "{", "}", "[", "]", "<", ">", ",", ":", "=", "%", "@", "\"", "\\", "//", "\n", "-", "0", "-1",
        "9223372036854775807", "99999999999999999999", "2147483648", "1e308", "1e999", "0.5", "NaN", "%x", "%", "yield", "region", "graph",
        "f32[]", "f32[tokens]", "rows[tokens]", "cache<1x4>", "weight", "concat(", "dense(", "cast(", "axis=0", "none", "true", "layer", "\u0000",
        "é", "\ud800", "\uFEFF"};

    @Test
    void everyDamagedTextIsReadOrRefused() throws IOException {
        String original = TestTexts.resource("/text/decoder.mir");
        String[] tokens = TOKEN.matcher(original).results().map(m -> m.group()).toArray(String[]::new);
        var random = new Random(SEED);
        int read = 0;
        long slowest = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            String text = original;
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                text = damaged(text, tokens, random);
            }
            long start = System.nanoTime();
            read += survives(text, i) ? 1 : 0;
            slowest = Math.max(slowest, System.nanoTime() - start);
        }
        assertTrue(slowest < SECOND, "the slowest text took " + slowest / 1_000_000 + " ms");
        // Both ways are taken often enough for the test to mean something.
        assertTrue(read > MUTATIONS / 50 && read < MUTATIONS * 49 / 50, read + " of " + MUTATIONS + " were read");
    }

    private static boolean survives(String text, int number) {
        String printed;
        try {
            Parser.Parsed parsed = Parser.parse(SourceText.of("fuzz.mir", text.getBytes(StandardCharsets.UTF_8)), BuiltinOps.SET);
            var model = parsed.model(WeightStore.EMPTY);
            Verifier.check(model, BuiltinOps.SET);
            printed = Printer.print(model.graph());
        } catch (TextException e) {
            return false;
        } catch (RuntimeException e) {
            throw new AssertionError("text " + number + " is neither read nor refused:\n" + text, e);
        }
        Region again = Parser.region(new SourceText("printed.mir", printed), BuiltinOps.SET);
        assertEquals(printed, Printer.print(again), () -> "text " + number);
        return true;
    }

    private static String damaged(String text, String[] tokens, Random random) {
        int at = random.nextInt(text.length() + 1);
        return switch (random.nextInt(7)) {
            case 0 -> text.substring(0, at) + WORDS[random.nextInt(WORDS.length)] + text.substring(at);
            case 1 -> text.substring(0, at) + text.substring(Math.min(text.length(), at + 1 + random.nextInt(4)));
            case 2 -> replaced(text, at, WORDS[random.nextInt(WORDS.length)]);
            case 3 -> replaced(text, at, tokens[random.nextInt(tokens.length)]);
            case 4 -> text.substring(0, at) + (char) random.nextInt(256) + text.substring(at);
            case 5 -> {
                int from = random.nextInt(text.length() + 1);
                int to = Math.min(text.length(), from + random.nextInt(200));
                yield text.substring(0, at) + text.substring(from, to) + text.substring(at);
            }
            default -> withoutLine(text, at);
        };
    }

    /** The token at or after a place replaced by another. */
    private static String replaced(String text, int at, String word) {
        var matcher = TOKEN.matcher(text);
        return matcher.find(at) ? text.substring(0, matcher.start()) + word + text.substring(matcher.end()) : text;
    }

    private static String withoutLine(String text, int at) {
        int begin = text.lastIndexOf('\n', at - 1) + 1;
        int end = text.indexOf('\n', at);
        return text.substring(0, begin) + (end < 0 ? "" : text.substring(end + 1)) + " ";
    }
}
