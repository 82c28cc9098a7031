// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ImageFileTest {
    private static final byte[] SIGNATURE = "\u0089PNG\r\n\u001a\n".getBytes(StandardCharsets.ISO_8859_1);
    private static final int MUTATIONS = 250;

    @TempDir
    private Path dir;

    private Path file(byte[] content) throws IOException {
        return Files.write(dir.resolve("picture"), content);
    }

    private ImageFile open(byte[] content) throws IOException {
        return ImageFile.open(file(content), ImageLimits.DEFAULT, true);
    }

    private String problem(byte[] content) {
        String message = Goldens.problem(() -> open(content));
        assertFalse(message.contains("\n"), message);
        assertTrue(message.startsWith(dir.resolve("picture") + ": "), message);
        return message;
    }

    private static byte[] golden(String name) throws IOException {
        return Files.readAllBytes(Goldens.picture(name));
    }

    private static byte[] chunk(String name, byte[] data) throws IOException {
        var out = new ByteArrayOutputStream();
        var to = new DataOutputStream(out);
        byte[] type = name.getBytes(StandardCharsets.ISO_8859_1);
        var crc = new CRC32();
        crc.update(type);
        crc.update(data);
        to.writeInt(data.length);
        to.write(type);
        to.write(data);
        to.writeInt((int) crc.getValue());
        return out.toByteArray();
    }

    private static byte[] png(int width, int height, int depth, int type, byte[] raw) throws IOException {
        var out = new ByteArrayOutputStream();
        out.write(SIGNATURE);
        out.write(chunk("IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) depth).put((byte) type).put(new byte[3]).array()));
        var data = new ByteArrayOutputStream();
        try (var deflater = new DeflaterOutputStream(data)) {
            deflater.write(raw);
        }
        out.write(chunk("IDAT", data.toByteArray()));
        out.write(chunk("IEND", new byte[0]));
        return out.toByteArray();
    }

    /** Pillow makes white of all but the first of these. */
    @Test
    void takesTheUpperByteOfSixteenBitGrey() throws IOException {
        ImageFile opened = open(png(3, 1, 16, 0, new byte[] {0, 0, 77, 1, 2, (byte) 0xff, (byte) 0xff}));
        assertEquals(List.of(0x00_0000, 0x01_0101, 0xff_ffff), List.of(opened.image().colour(0, 0), opened.image().colour(1, 0), opened.image().colour(2, 0)));
    }

    @Test
    void saysWhatOfTheFileIsNotInThePicture() throws IOException {
        assertEquals(List.of("the PNG file is animated; its first picture is used"), open(golden("animated.png")).remarks());
        assertEquals(List.of("the WebP file is animated; its first frame is used"), open(golden("animated.webp")).remarks());
        assertEquals(List.of("EXIF orientation 8 is applied"), open(golden("rotated.webp")).remarks());
        assertEquals(List.of("EXIF orientation 6 is applied"), open(golden("rotated.jpg")).remarks());
        assertEquals(List.of("EXIF orientation 6 is ignored, as by the reference code of this model"),
                ImageFile.open(Goldens.picture("rotated.jpg"), ImageLimits.DEFAULT, false).remarks());
        assertEquals(List.of(), open(golden("rgb.png")).remarks());
    }

    /** Each orientation undoes what a camera did: the corner that is named comes to the upper left. */
    @ParameterizedTest
    @CsvSource({"1,0,0", "2,1,0", "3,1,2", "4,0,2", "5,0,0", "6,0,2", "7,1,2", "8,1,0"})
    void turnsAndMirrors(int orientation, int column, int row) {
        RgbImage image = RgbImage.filled(new PixelSize(2, 3), 0);
        image.paste(RgbImage.filled(new PixelSize(1, 1), 0x123456), column, row);
        RgbImage upright = Orientation.apply(image, orientation);
        assertEquals(0x123456, upright.colour(0, 0));
        assertEquals(orientation < 5 ? image.size() : image.size().turned(), upright.size());
    }

    @Test
    void refusesWhatIsNoPicture() throws IOException {
        assertTrue(problem(new byte[0]).endsWith("is empty, expected a JPEG, PNG or WebP picture"));
        assertTrue(problem("GIF89a".getBytes(StandardCharsets.US_ASCII)).contains("is a GIF file"));
        assertTrue(problem("\0\0\0\u0020ftypheic".getBytes(StandardCharsets.US_ASCII)).contains("HEIC"));
        assertTrue(problem("hello".getBytes(StandardCharsets.US_ASCII)).contains("is of no known picture format"));
        assertTrue(Goldens.problem(() -> ImageFile.open(dir.resolve("none"), ImageLimits.DEFAULT, true)).contains("no such file"));
        assertTrue(Goldens.problem(() -> ImageFile.open(dir, ImageLimits.DEFAULT, true)).contains("is a folder"));
    }

    @Test
    void holdsHeadersAgainstLimitsBeforeDecoding() throws IOException {
        assertTrue(problem(png(60_000, 60_000, 8, 2, new byte[9])).contains("is a picture of 60000 x 60000, which is 3600000000 pixels, expected at most 89478485"));
        assertTrue(problem(png(70_000, 1, 8, 2, new byte[9])).contains("expected at most 65535 to a side"));
        assertTrue(problem(png(9_000, 9_000, 8, 2, new byte[9])).endsWith("is a PNG file that is cut short"));
        byte[] jpeg = golden("jpeg420.jpg");
        int frame = indexOf(jpeg, 0xc0);
        byte[] large = jpeg.clone();
        Arrays.fill(large, frame + 5, frame + 9, (byte) 0xf0);
        assertTrue(problem(large).contains("is a picture of 61680 x 61680, which is 3804422400 pixels, expected at most 89478485"));
        Arrays.fill(large, frame + 5, frame + 9, (byte) 0x20);
        assertTrue(problem(large).endsWith("is a JPEG file that is cut short"), "8224 x 8224 pixels in so little data");
        ImageLimits few = new ImageLimits(1000, 1_000_000);
        assertTrue(Goldens.problem(() -> ImageFile.open(Goldens.picture("rgb.png"), few, true)).contains("97 x 131, which is 12707 pixels, expected at most 1000"));
        assertTrue(Goldens.problem(() -> ImageFile.open(Goldens.picture("rgb.png"), new ImageLimits(1000, 100), true)).contains("expected a picture of at most 100"));
    }

    /** The first marker of this kind. */
    private static int indexOf(byte[] jpeg, int marker) {
        for (int i = 0; ; i++) {
            if ((jpeg[i] & 0xff) == 0xff && (jpeg[i + 1] & 0xff) == marker) {
                return i;
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rgb.png", "rgb_interlaced.png", "jpeg420.jpg", "jpeg444_progressive.jpg", "cmyk.jpg", "lossy.webp", "lossless.webp"})
    void refusesWhatIsCutShort(String name) throws IOException {
        byte[] whole = golden(name);
        for (int length : new int[] {20, 100, whole.length / 2, whole.length - 40}) {
            String message = problem(Arrays.copyOf(whole, length));
            assertTrue(message.contains("is cut short"), message);
        }
    }

    @Test
    void refusesKindsOfJpegThatTheDecoderDoesNotKnow() throws IOException {
        byte[] jpeg = golden("jpeg420.jpg");
        int frame = indexOf(jpeg, 0xc0);
        byte[] other = jpeg.clone();
        other[frame + 1] = (byte) 0xc9;
        assertTrue(problem(other).endsWith("is a JPEG file that is arithmetic coded, expected baseline or progressive"));
        other[frame + 1] = (byte) 0xc1;
        other[frame + 4] = 12;
        assertTrue(problem(other).endsWith("is a JPEG file of 12 bits, expected 8"));
    }

    /** Nothing but headers of the largest pictures: refused without drawing them. */
    @Test
    void refusesWebpBombs() throws IOException {
        byte[] lossy = golden("lossy.webp");
        int frame = new String(lossy, StandardCharsets.ISO_8859_1).indexOf("VP8 ") + 8;
        ByteBuffer.wrap(lossy).order(ByteOrder.LITTLE_ENDIAN).putShort(frame + 6, (short) 16_383).putShort(frame + 8, (short) 5_000);
        assertTrue(assertTimeoutPreemptively(Duration.ofSeconds(3), () -> problem(lossy)).endsWith("is a WebP file that is cut short"));
        ByteBuffer.wrap(lossy).order(ByteOrder.LITTLE_ENDIAN).putShort(frame + 8, (short) 16_383);
        assertTrue(problem(lossy).contains("is a picture of 16383 x 16383"));
    }

    /** Every damaged file gives a picture or one line, never another exception, and soon. */
    @ParameterizedTest
    @ValueSource(strings = {"palette_alpha.png", "rgb_interlaced.png", "jpeg420.jpg", "jpeg444_progressive.jpg", "ycck.jpg", "mirrored.png", "lossy.webp",
            "lossy_alpha.webp", "lossless_alpha.webp", "lossless_palette.webp", "animated.webp"})
    void survivesMutations(String name) throws IOException {
        byte[] whole = golden(name);
        var random = new Random(name.hashCode());
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] damaged = random.nextInt(4) == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int n = random.nextInt(1, 8); n > 0 && damaged.length > 0; n--) {
                int reach = random.nextBoolean() ? Math.min(damaged.length, 300) : damaged.length;
                damaged[random.nextInt(reach)] = (byte) random.nextInt(256);
            }
            assertTimeoutPreemptively(Duration.ofSeconds(5), () -> {
                try {
                    open(damaged);
                } catch (InputException e) {
                    assertFalse(e.getMessage().contains("\n"), e.getMessage());
                }
            });
        }
    }

    @Test
    void refusesBytesThatTheCheckSumDoesNotCover() throws IOException {
        byte[] damaged = golden("rgb.png");
        damaged[200] ^= 1;
        assertTrue(problem(damaged).contains("the check sum of its IDAT chunk at byte 33 is wrong"));
    }
}
