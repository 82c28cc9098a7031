// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.calibration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CalibrationTest {
    private static final int CONTEXT = 512;
    private static final int HEADS = 8;
    private static final int BOS = 1;

    private static Tokenizer tokenizer;

    @TempDir
    private Path folder;

    @BeforeAll
    static void open() throws IOException {
        tokenizer = Tokenizer.open(Path.of(System.getProperty("depthc.root"), "samples/checkpoints/stories260k"));
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    @Test
    void theBuiltInTextHasFourSamples() throws IOException {
        List<long[]> samples = Calibration.of(null).samples(tokenizer, CONTEXT, HEADS);
        assertEquals(4, samples.size());
        for (long[] s : samples) {
            assertEquals(BOS, s[0]);
            assertTrue(s.length > 100 && s.length <= Calibration.LONGEST, () -> s.length + " tokens");
        }
    }

    @Test
    void blankLinesSeparateSamples() throws IOException {
        assertEquals(List.of("One\ntwo.", "Three."), texts("a.txt", "\n\nOne\ntwo.\n \n\nThree.\n"));
    }

    @Test
    void endOfTextLinesSeparateSamplesWhereThereAreAny() throws IOException {
        assertEquals(List.of("One.\n\nStill one.", "Two."), texts("a.txt", "One.\n\nStill one.\n<|endoftext|>\n\nTwo.\n<|endoftext|>\n"));
    }

    @Test
    void jsonLinesHaveATextEach() throws IOException {
        assertEquals(List.of("One\n\ntwo", "Three"), texts("a.jsonl", "{\"text\": \"One\\n\\ntwo\"}\n\n{\"id\": 3, \"text\": \"Three\"}\n{\"text\": \" \"}\n"));
    }

    @Test
    void aByteOrderMarkIsNoPartOfAText() throws IOException {
        assertEquals(List.of("One"), texts("a.jsonl", "\uFEFF{\"text\": \"One\"}\n"));
        assertEquals(List.of("One"), texts("a.txt", "\uFEFFOne\n"));
    }

    @Test
    void jsonLinesThatAreWrongAreNamed() throws IOException {
        assertTrue(wrong("a.jsonl", "{\"text\": \"One\"}\n{\"txt\": 1}\n").contains("a.jsonl:2: has no string \"text\""));
        assertTrue(wrong("a.jsonl", "{\"text\": ").contains("a.jsonl:1: is not JSON"));
    }

    @Test
    void samplesAreTakenFromTheStartAndCutAtTheContext() throws IOException {
        Path file = file("a.txt", "Once upon a time there was a cat.\n\nIt slept.\n\nIt woke.\n".getBytes(StandardCharsets.UTF_8));
        List<long[]> samples = Calibration.of(file).withSamples(2).samples(tokenizer, 5, HEADS);
        assertEquals(2, samples.size());
        assertArrayEquals(new long[] {1, 403, 407, 261, 378}, samples.get(0));
    }

    @Test
    void piecesAreOfOneLengthAndBeginAsTextsDo() throws IOException {
        List<long[]> samples = Calibration.of(null).withTokensPerSample(100).withSamples(5).samples(tokenizer, CONTEXT, HEADS);
        assertEquals(5, samples.size());
        for (long[] s : samples) {
            assertEquals(100, s.length);
            assertEquals(BOS, s[0]);
        }
    }

    @Test
    void uselessTextIsRefused() throws IOException {
        assertTrue(wrong("empty.txt", "").contains("has no text of at least 2 tokens"));
        assertTrue(wrong("blank.txt", "\n \n").contains("has no text of at least 2 tokens"));
        Path binary = file("binary.txt", new byte[] {'a', (byte) 0xC3, (byte) 0x28, 0});
        assertTrue(assertThrows(InputException.class, () -> Calibration.of(binary).samples(tokenizer, CONTEXT, HEADS)).getMessage().contains("is not UTF-8 text"));
        Path absent = folder.resolve("absent.txt");
        assertTrue(assertThrows(InputException.class, () -> Calibration.of(absent).samples(tokenizer, CONTEXT, HEADS)).getMessage().contains("no such file"));
    }

    @Test
    void numbersOutOfRangeAreRefused() {
        Calibration text = Calibration.of(null);
        assertThrows(InputException.class, () -> text.withSamples(0));
        assertThrows(InputException.class, () -> text.withTokensPerSample(1));
        assertThrows(InputException.class, () -> text.withTokensPerSample(CONTEXT + 1).samples(tokenizer, CONTEXT, HEADS));
    }

    @Test
    void samplesWhoseAttentionDoesNotFitAreRefused() throws IOException {
        // 32 heads · 2896² · 4 bytes are just below 1 GiB
        Path text = file("long.txt", "Once upon a time there was a cat.\n".repeat(1000).getBytes(StandardCharsets.UTF_8));
        Calibration fits = Calibration.of(text).withTokensPerSample(2896).withSamples(1);
        assertEquals(2896, fits.samples(tokenizer, 1 << 20, 32).getFirst().length);
        var e = assertThrows(InputException.class, () -> fits.withTokensPerSample(2897).samples(tokenizer, 1 << 20, 32));
        assertTrue(e.getMessage().contains("32 heads take 1.00 GiB") && e.getMessage().endsWith("lower it to 2896 or less"), e.getMessage());
        e = assertThrows(InputException.class, () -> fits.withTokensPerSample(60_000).samples(tokenizer, 1 << 20, 8));
        assertTrue(e.getMessage().contains("8 heads take 107.29 GiB"), e.getMessage());
    }

    private String wrong(String name, String content) throws IOException {
        Path file = file(name, content.getBytes(StandardCharsets.UTF_8));
        return assertThrows(InputException.class, () -> Calibration.of(file).samples(tokenizer, CONTEXT, HEADS)).getMessage();
    }

    private List<String> texts(String name, String content) throws IOException {
        var found = new ArrayList<String>();
        try (SampleTexts texts = SampleTexts.open(Optional.of(file(name, content.getBytes(StandardCharsets.UTF_8))))) {
            for (Optional<String> t = texts.next(); t.isPresent(); t = texts.next()) {
                found.add(t.get());
            }
        }
        return found;
    }

    private Path file(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }
}
