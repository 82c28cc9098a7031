// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.frontend.vision.LlavaSettings.Candidates;
import io.github.depthc.frontend.vision.LlavaSettings.Merge;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The order of an image's tokens, of a tower with a grid of 2 x 2; the numbers against the reference code are in LlavaGoldenTest. */
final class ImageLayoutTest {
    static final VisionShape TOWER = new VisionShape(8, 8, 2, 1, 4, 2, 1e-5, VisionShape.Activation.QUICK_GELU);

    static LlavaSettings settings(Merge merge, OptionalInt mostPieces, Candidates candidates, OptionalInt limit) {
        return new LlavaSettings(TOWER, 1, 2, false, LlavaSettings.ORIGINAL_PLACEHOLDER, merge, mostPieces, candidates, limit);
    }

    private static LlavaSettings settings(Merge merge) {
        return settings(merge, OptionalInt.empty(), Candidates.VISION, OptionalInt.empty());
    }

    /** Features by their places, / for the end of a row. */
    private static String text(ImageLayout layout) {
        return layout.cells().stream().map(c -> switch (c) {
            case ImageLayout.Whole w -> "" + w.feature();
            case ImageLayout.Part p -> p.features().length == 1 ? "" + p.features()[0] : "mean";
            case ImageLayout.Newline n -> "/";
        }).collect(Collectors.joining(" "));
    }

    @Test
    void onePieceIsItsTokens() {
        assertEquals("0 1 2 3", text(ImageLayout.of(settings(Merge.FLAT), 0, 0, 10, 10)));
        // as the reference does with an image that is no list of pieces
        assertEquals("0 1 2 3 /", text(ImageLayout.of(settings(Merge.UNPAD), 0, 0, 10, 10)));
    }

    @Test
    void piecesOneAfterTheOtherOrAsAPicture() {
        assertEquals("0 1 2 3 4 5 6 7 8 9 10 11", text(ImageLayout.of(settings(Merge.FLAT), 2, 1, 20, 10)));
        assertEquals("0 1 2 3 4 5 8 9 6 7 10 11", text(ImageLayout.of(settings(Merge.SPATIAL), 2, 1, 20, 10)));
        assertEquals("0 1 2 3 4 5 8 9 / 6 7 10 11 /", text(ImageLayout.of(settings(Merge.UNPAD), 2, 1, 20, 10)));
    }

    @ParameterizedTest
    @CsvSource({
        "40, 10, 0 1 2 3 4 5 8 9 / 6 7 10 11 /",  // one of two rows is padding, which cannot be halved
        "40, 1, 0 1 2 3",                          // nothing but padding
        "10, 10, 0 1 2 3 5 8 / 7 10 /",            // a column on each side is padding
    })
    void paddingIsLeftOut(int width, int height, String expected) {
        assertEquals(expected, text(ImageLayout.of(settings(Merge.UNPAD), 2, 1, width, height)));
    }

    @Test
    void tooLargeAPictureBecomesSmaller() {
        ImageLayout layout = ImageLayout.of(settings(Merge.UNPAD, OptionalInt.of(1), Candidates.VISION, OptionalInt.empty()), 2, 2, 20, 20);
        assertEquals("0 1 2 3 mean mean / mean mean /", text(layout));
        var first = (ImageLayout.Part) layout.cells().get(4);
        // 4 x 4 to 2 x 2: each the mean of four neighbours
        assertArrayEquals(new int[] {4, 5, 6, 7}, first.features());
        assertArrayEquals(new float[] {0.25f, 0.25f, 0.25f, 0.25f}, first.weights());
        assertEquals(2, first.rows());
    }
}
