// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A picture file, opened and decoded.
 *
 * <p>The pixels are those of Pillow's {@code Image.open(file).convert("RGB")}: colour profiles are ignored, transparency is dropped and not
 * blended, a palette is looked up, grey becomes three equal channels, CMYK is converted without a profile (its values taken as
 * inverted, as Adobe's and Pillow's are), and of an animation there is the first frame. One thing differs on purpose: of 16-bit grey Pillow
 * makes white wherever the value is over 255; here it is the upper byte, as it is for colours.
 *
 * @param image   the pixels, upright if that was asked for
 * @param format  {@code JPEG}, {@code PNG} or {@code WebP}
 * @param remarks what a user may want to know: frames left out, an orientation applied or ignored, damage that could be read past
 */
public record ImageFile(RgbImage image, String format, List<String> remarks) {
    private static final int MARK_BYTES = 16;
    private static final String PNG = "\u0089PNG\r\n\u001a\n";

    public ImageFile {
        remarks = List.copyOf(remarks);
    }

    /**
     * Opens a file.
     *
     * @param upright whether EXIF's orientation is applied: HuggingFace's {@code load_image} does, LLaVA's own loading does not
     * @throws InputException when it is no JPEG, PNG or WebP file, is damaged, or is larger than the limits
     * @throws IOException    when it cannot be read
     */
    public static ImageFile open(Path file, ImageLimits limits, boolean upright) throws IOException {
        if (!Files.exists(file)) {
            throw new InputException(file + ": no such file, expected a JPEG, PNG or WebP picture");
        }
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw new InputException(file + ": is " + (Files.isDirectory(file) ? "a folder" : "not a file that may be read")
                    + ", expected a JPEG, PNG or WebP picture");
        }
        try {
            byte[] bytes = read(file, limits.bytes());
            return decode(parse(bytes), limits, upright);
        } catch (DamagedImageException e) {
            throw new InputException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * As {@link #open}, of a file's bytes.
     *
     * @param name stands before what a message says is wrong
     */
    public static ImageFile of(byte[] file, String name, ImageLimits limits, boolean upright) {
        try {
            if (file.length > limits.bytes()) {
                throw tooLong(file.length, limits.bytes());
            }
            return decode(parse(file), limits, upright);
        } catch (DamagedImageException e) {
            throw new InputException(name + ": " + e.getMessage(), e);
        }
    }

    /** True if a file begins as PNG files do. */
    public static boolean isPng(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return starts(in.readNBytes(PNG.length()), 0, PNG);
        }
    }

    private static DamagedImageException tooLong(long size, long most) {
        return new DamagedImageException("has " + size + " bytes, expected a picture of at most " + most);
    }

    private static byte[] read(Path file, long most) throws IOException, DamagedImageException {
        long size = Files.size(file);
        if (size > most) {
            throw tooLong(size, most);
        }
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes((int) Math.min(Integer.MAX_VALUE - MARK_BYTES, most));
        }
    }

    private static ImageFile decode(Picture picture, ImageLimits limits, boolean upright) throws DamagedImageException {
        PixelSize size = picture.size();
        if (size.pixels() > limits.pixels()) {
            throw new DamagedImageException("is a picture of " + size + ", which is " + size.pixels() + " pixels, expected at most "
                    + limits.pixels() + "; make it smaller");
        }
        if (Math.max(size.width(), size.height()) > ImageLimits.MAX_EDGE) {
            throw new DamagedImageException("is a picture of " + size + " pixels, expected at most " + ImageLimits.MAX_EDGE + " to a side");
        }
        RgbImage image = picture.decode();
        var remarks = new ArrayList<>(picture.remarks());
        if (picture.orientation() != Orientation.UPRIGHT) {
            remarks.add("EXIF orientation " + picture.orientation() + (upright ? " is applied" : " is ignored, as by the reference code of this model"));
        }
        return new ImageFile(upright ? Orientation.apply(image, picture.orientation()) : image, picture.format(), remarks);
    }

    private static Picture parse(byte[] file) throws DamagedImageException {
        if (starts(file, 0, PNG)) {
            return PngPicture.parse(file);
        }
        if (starts(file, 0, "\u00ff\u00d8\u00ff")) {
            return JpegPicture.parse(file);
        }
        if (starts(file, 0, "RIFF") && starts(file, 8, "WEBP")) {
            return WebpPicture.parse(file);
        }
        throw new DamagedImageException("is " + other(file) + ", expected a JPEG, PNG or WebP picture");
    }

    /** What a file is that is none of the formats read. */
    private static String other(byte[] file) {
        if (file.length == 0) {
            return "empty";
        }
        if (starts(file, 4, "ftyp")) {
            return "of the HEIF family (HEIC, AVIF) or a video";
        }
        return starts(file, 0, "GIF8") ? "a GIF file"
                : starts(file, 0, "BM") ? "a BMP file"
                : starts(file, 0, "II*\0") || starts(file, 0, "MM\0*") ? "a TIFF file"
                : starts(file, 0, "%PDF") ? "a PDF file"
                : starts(file, 0, "<") ? "text such as SVG or HTML"
                : starts(file, 0, "version https://git-lfs") ? "a Git LFS pointer, not the picture (`git lfs pull` fetches it)"
                : "of no known picture format";
    }

    private static boolean starts(byte[] file, int at, String mark) {
        byte[] bytes = mark.getBytes(StandardCharsets.ISO_8859_1);
        return file.length >= at + bytes.length && java.util.Arrays.equals(file, at, at + bytes.length, bytes, 0, bytes.length);
    }
}
