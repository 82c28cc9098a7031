// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.frontend.vision.LlavaSettings.Candidates;
import io.github.depthc.frontend.vision.LlavaSettings.Merge;
import io.github.depthc.ir.InputException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

final class MergedPromptTest {
    private static final int IMAGE = LlavaSettings.ORIGINAL_PLACEHOLDER;

    /** Embeddings of width 1: a token's is its id. */
    private static float[] embed(int[] ids) {
        var embeddings = new float[ids.length];
        for (int i = 0; i < ids.length; i++) {
            embeddings[i] = ids[i];
        }
        return embeddings;
    }

    private static MergedPrompt.Image image(int first, int pieces) {
        var features = new float[pieces * 4];
        for (int i = 0; i < features.length; i++) {
            features[i] = first + i;
        }
        return new MergedPrompt.Image(features, pieces == 1 ? 0 : pieces - 1, pieces == 1 ? 0 : 1, 20, 10);
    }

    private static MergedPrompt merged(LlavaSettings settings, List<MergedPrompt.Image> images, int... ids) {
        return MergedPrompt.of(settings, ids, images, Optional.of(new float[] {-1}), 1, MergedPromptTest::embed);
    }

    private static LlavaSettings settings(Merge merge, Candidates candidates, OptionalInt limit) {
        return ImageLayoutTest.settings(merge, OptionalInt.empty(), candidates, limit);
    }

    @Test
    void imagesStandInThePlacesOfTheirTokens() {
        LlavaSettings flat = settings(Merge.FLAT, Candidates.VISION, OptionalInt.empty());
        MergedPrompt p = merged(flat, List.of(image(100, 1), image(200, 1)), 1, IMAGE, 2, 3, IMAGE);
        assertArrayEquals(new float[] {1, 100, 101, 102, 103, 2, 3, 200, 201, 202, 203}, p.embeddings());
        assertArrayEquals(new boolean[] {false, true, true, true, true, false, false, true, true, true, true}, p.layout().vision());
        assertArrayEquals(p.layout().vision(), p.layout().candidates());
        assertEquals(1, p.layout().places().get(7).image());
        assertArrayEquals(new int[] {1, 5}, MergedLayout.ranges(p.layout().vision()).getFirst());
        assertArrayEquals(new int[] {7, 11}, MergedLayout.ranges(p.layout().vision()).getLast());
    }

    @Test
    void textAloneIsItsEmbeddings() {
        MergedPrompt p = merged(settings(Merge.UNPAD, Candidates.VISION, OptionalInt.of(2)), List.of(), 1, 2, 3);
        assertArrayEquals(new float[] {1, 2, 3}, p.embeddings());
        assertEquals(0, p.layout().cut(), "only prompts with images are cut");
    }

    @Test
    void candidatesAsTheCheckpointSays() {
        MergedPrompt high = merged(settings(Merge.UNPAD, Candidates.HIGH_RESOLUTION, OptionalInt.empty()), List.of(image(100, 3)), 1, IMAGE, 2);
        assertArrayEquals(new float[] {1, 100, 101, 102, 103, 104, 105, 108, 109, -1, 106, 107, 110, 111, -1, 2}, high.embeddings());
        assertArrayEquals(new int[] {5, 15}, MergedLayout.ranges(high.layout().candidates()).getFirst());
        assertArrayEquals(new int[] {1, 15}, MergedLayout.ranges(high.layout().vision()).getFirst());
        MergedPrompt all = merged(settings(Merge.FLAT, Candidates.ALL, OptionalInt.empty()), List.of(image(100, 1)), 1, IMAGE);
        assertArrayEquals(new int[] {0, 5}, MergedLayout.ranges(all.layout().candidates()).getFirst());
    }

    @Test
    void aPromptIsCutOnTheRight() {
        MergedPrompt p = merged(settings(Merge.FLAT, Candidates.VISION, OptionalInt.of(4)), List.of(image(100, 1)), 1, IMAGE, 2);
        assertArrayEquals(new float[] {1, 100, 101, 102}, p.embeddings());
        assertEquals(2, p.layout().cut());
        assertEquals(4, p.tokens());
    }

    @Test
    void anImageForEachPlace() {
        LlavaSettings flat = settings(Merge.FLAT, Candidates.VISION, OptionalInt.empty());
        assertEquals("the prompt has 2 places for an image (<image>, the token id -200) and 1 image is given, expected one for each",
                assertThrows(InputException.class, () -> merged(flat, List.of(image(0, 1)), IMAGE, IMAGE)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> merged(flat, List.of(new MergedPrompt.Image(new float[3], 0, 0, 1, 1)), IMAGE));
    }
}
