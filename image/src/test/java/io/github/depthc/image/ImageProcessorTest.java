// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ImageProcessorTest {
    private static final int RAMP = 256;

    /** Colours as the reference's, bit by bit. */
    @ParameterizedTest
    @MethodSource("io.github.depthc.image.Goldens#cases")
    void equalsTheReference(Goldens.Case golden) throws IOException {
        var processor = new ImageProcessor(golden.settings());
        ImageFile file = ImageFile.open(Goldens.picture(golden.picture()), ImageLimits.DEFAULT, golden.settings().upright());
        RgbImage expected = golden.expected();
        List<RgbImage> patches = processor.patches(file.image());
        assertEquals(golden.patches(), patches.size());
        int at = 0;
        for (RgbImage patch : patches) {
            byte[] one = Arrays.copyOfRange(expected.rgb(), at, at + patch.rgb().length);
            assertEquals(-1, Arrays.mismatch(one, patch.rgb()), golden.toString());
            at += one.length;
        }
        assertEquals(expected.rgb().length, at);
        ProcessedImage processed = processor.process(Goldens.picture(golden.picture()));
        assertEquals(golden.original(), new PixelSize(processed.originalWidth(), processed.originalHeight()));
        assertEquals(golden.grid(), new PixelSize(processed.gridWidth(), processed.gridHeight()));
        assertEquals(golden.patches(), processed.patches());
    }

    /** All 256 colours, exactly. */
    @Test
    void normalizesAsTheReference() throws IOException {
        byte[] rgb = new byte[RAMP * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i / 3);
        }
        ImageSettings clip = ImageSettings.clip(16);
        var settings = new ImageSettings(ImageSettings.Mode.CLIP, Optional.empty(), clip.crop(), clip.filter(), clip.scale(), clip.mean(), clip.std(), List.of(), true);
        float[] expected = new float[rgb.length];
        ByteBuffer.wrap(Files.readAllBytes(Goldens.folder().resolve("normalized_ramp.f32"))).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(expected);
        assertArrayEquals(expected, new ImageProcessor(settings).process(new RgbImage(clip.crop(), rgb)).pixels());
    }

    @Test
    void cropsBlackWhereThePictureEnds() {
        ImageSettings clip = ImageSettings.clip(4);
        var settings = new ImageSettings(ImageSettings.Mode.CLIP, Optional.empty(), clip.crop(), clip.filter(), clip.scale(), clip.mean(), clip.std(), List.of(), true);
        RgbImage patch = new ImageProcessor(settings).patches(RgbImage.filled(new PixelSize(1, 9), 0xffffff)).getFirst();
        assertEquals(0, patch.colour(1, 0));
        assertEquals(0xffffff, patch.colour(2, 0));
        assertEquals(0xffffff, patch.colour(2, 3));
        assertEquals(0, patch.colour(3, 0));
    }

    /** A picture a thousand times as long as high costs no more than its own pixels, in every mode. */
    @Test
    void processesTheLongestPictures() {
        RgbImage line = RgbImage.filled(new PixelSize(ImageLimits.MAX_EDGE, 1), 0x336699);
        ImageSettings clip = ImageSettings.clip(336);
        var square = new PixelSize(672, 672);
        for (ImageSettings.Mode mode : ImageSettings.Mode.values()) {
            RgbImage first = new ImageProcessor(clip.withMode(mode, List.of(square))).patches(line).getFirst();
            assertEquals(mode == ImageSettings.Mode.PAD ? 0x7a7468 : 0x336699, first.colour(3, 300), mode.toString());
        }
    }

    @Test
    void choosesByPixelsKeptThenByWasteThenByOrder() {
        var tall = new PixelSize(336, 672);
        var wide = new PixelSize(672, 336);
        assertEquals(tall, AnyresGrid.choose(new PixelSize(100, 100), List.of(tall, wide)));
        assertEquals(wide, AnyresGrid.choose(new PixelSize(100, 100), List.of(wide, tall)));
        assertEquals(wide, AnyresGrid.choose(new PixelSize(900, 300), List.of(tall, wide)));
    }

    @Test
    void refusesSettingsThatCannotBe() {
        ImageSettings clip = ImageSettings.clip(336);
        assertTrue(Goldens.problem(() -> ImageSettings.clip(0)).contains("expected 1 to 4096"));
        assertTrue(Goldens.problem(() -> clip.withMode(ImageSettings.Mode.ANYRES, List.of())).contains("image_grid_pinpoints has 0 sizes"));
        assertTrue(Goldens.problem(() -> clip.withMode(ImageSettings.Mode.ANYRES, List.of(new PixelSize(336, 500)))).contains("expected whole patches of 336 x 336"));
    }
}
