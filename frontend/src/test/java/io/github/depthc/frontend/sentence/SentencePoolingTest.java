// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.sentence;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.frontend.sentence.SentencePooling.Mode;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SentencePoolingTest {
    /** Two texts, of one and of two tokens. */
    private static final FloatBuffer HIDDEN = FloatBuffer.wrap(new float[] {9, 9, 1, 4, 5, 4});

    @TempDir
    Path dir;

    private void modules(String... types) throws IOException {
        var text = new StringBuilder("[");
        for (int i = 0; i < types.length; i++) {
            text.append(i == 0 ? "" : ", ").append("{\"idx\": ").append(i).append(", \"path\": \"").append(i == 0 ? "" : i + "_" + types[i])
                    .append("\", \"type\": \"sentence_transformers.models.").append(types[i]).append("\"}");
        }
        Files.writeString(dir.resolve("modules.json"), text.append("]"));
    }

    private void pooling(String modes) throws IOException {
        Files.writeString(Files.createDirectories(dir.resolve("1_Pooling")).resolve("config.json"), "{\"word_embedding_dimension\": 2, " + modes + "}");
    }

    private String error() {
        return assertThrows(InputException.class, () -> SentencePooling.of(dir)).getMessage();
    }

    @Test
    void isTheNormalisedMeanWhereNothingIsSaid() throws IOException {
        assertEquals(new SentencePooling(Mode.MEAN, true, false), SentencePooling.of(dir));
        assertEquals(Map.of(), SentencePooling.files(dir));
    }

    @Test
    void isWhatTheModulesSay() throws IOException {
        pooling("\"pooling_mode_cls_token\": false, \"pooling_mode_mean_tokens\": true");
        modules("Transformer", "Pooling", "Normalize");
        assertEquals(new SentencePooling(Mode.MEAN, true, true), SentencePooling.of(dir));
        modules("Transformer", "Pooling");
        pooling("\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false");
        assertEquals(new SentencePooling(Mode.CLS, false, true), SentencePooling.of(dir));
    }

    @Test
    void aBundleSaysTheSame() throws IOException {
        modules("Transformer", "Pooling", "Normalize");
        pooling("\"pooling_mode_cls_token\": true");
        Path bundle = Files.createDirectories(dir.resolve("bundle"));
        for (var file : SentencePooling.files(dir).entrySet()) {
            Files.copy(file.getValue(), bundle.resolve(file.getKey()));
        }
        assertEquals(SentencePooling.of(dir), SentencePooling.of(bundle));
    }

    @Test
    void whatIsNotComputedIsNamed() throws IOException {
        modules("Transformer", "Pooling", "Dense", "Normalize");
        assertEquals(dir.resolve("modules.json") + ": has the modules [Transformer, Pooling, Dense, Normalize], expected Transformer, Pooling and perhaps Normalize; "
                + "other modules are not computed", error());
        modules("Transformer", "Pooling", "Normalize");
        pooling("\"pooling_mode_mean_tokens\": true, \"pooling_mode_max_tokens\": true");
        assertEquals(dir.resolve("1_Pooling/config.json") + ": has the pooling pooling_mode_mean_tokens, pooling_mode_max_tokens, expected pooling_mode_mean_tokens or "
                + "pooling_mode_cls_token; others are not computed", error());
        Files.writeString(dir.resolve("modules.json"), "{}");
        assertEquals(dir.resolve("modules.json") + ": is no list, expected the modules of a sentence encoder", error());
        Files.writeString(dir.resolve("modules.json"), "[{\"type\": \"a.Transformer\", \"path\": \"\"}, {\"type\": \"a.Pooling\", \"path\": \"../..\"}]");
        assertEquals(dir.resolve("modules.json") + ": has its pooling in \"../..\", expected the name of a folder beside it", error());
    }

    @Test
    void vectorsAreOfTheTextsOwnTokens() {
        assertArrayEquals(new float[] {0.6f, 0.8f}, new SentencePooling(Mode.MEAN, true, true).vector(HIDDEN, 1, 2, 2));
        assertArrayEquals(new float[] {3, 4}, new SentencePooling(Mode.MEAN, false, true).vector(HIDDEN, 1, 2, 2));
        assertArrayEquals(new float[] {1, 4}, new SentencePooling(Mode.CLS, false, true).vector(HIDDEN, 1, 2, 2));
        assertArrayEquals(new float[] {0, 0}, new SentencePooling(Mode.MEAN, true, true).vector(FloatBuffer.allocate(2), 0, 1, 2));
    }
}
