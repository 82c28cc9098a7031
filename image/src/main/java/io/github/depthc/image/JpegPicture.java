// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.awt.image.DataBufferByte;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * A JPEG file, baseline or progressive, 8 bits. The JDK's decoder (libjpeg, as Pillow's) gives the components as they are stored; which
 * colours they are is decided here, by libjpeg's rules, so that neither a colour profile nor the JDK's own guesses change them. The decoder
 * sees none of the file's application segments.
 */
final class JpegPicture implements Picture {
    private static final int SOI = 0xd8;
    private static final int EOI = 0xd9;
    private static final int SOS = 0xda;
    private static final int APP0 = 0xe0;
    private static final int APP1 = 0xe1;
    private static final int APP14 = 0xee;
    private static final int APP15 = 0xef;
    private static final int COMMENT = 0xfe;
    /** Real pictures have some ten; each costs a pass over all pixels. */
    private static final int MAX_SCANS = 100;
    private static final int MAX_REMARKS = 4;
    /** A block of 8 x 8 pixels takes a bit at least. */
    private static final long MOST_PIXELS_OF_BYTE = 8 * 64;

    /** libjpeg's factors of chroma, with 16 fractional bits. */
    private static final int RED_OF_CR = 91881;
    private static final int GREEN_OF_CB = 22554;
    private static final int GREEN_OF_CR = 46802;
    private static final int BLUE_OF_CB = 116130;
    private static final int HALF = 1 << 15;

    private final byte[] file;
    /** Bytes from the first scan on. */
    private int data;
    /** What the decoder gets. */
    private final ByteArrayOutputStream stripped = new ByteArrayOutputStream();
    private PixelSize size;
    private int[] components;
    private boolean jfif;
    /** The transform of Adobe's segment, -1 without one. */
    private int adobe = -1;
    private int orientation = Orientation.UPRIGHT;
    private boolean exif;
    private final List<String> remarks = new ArrayList<>();

    private JpegPicture(byte[] file) {
        this.file = file;
    }

    static JpegPicture parse(byte[] file) throws DamagedImageException {
        var picture = new JpegPicture(file);
        picture.readSegments();
        return picture;
    }

    private void readSegments() throws DamagedImageException {
        stripped.write(0xff);
        stripped.write(SOI);
        int at = 2;
        while (true) {
            while (at < file.length && at(at) != 0xff) {
                at++;
            }
            while (at < file.length && at(at) == 0xff) {
                at++;
            }
            if (at >= file.length) {
                throw cutShort();
            }
            int marker = at(at++);
            if (marker == 0 || marker == 0x01 || marker >= 0xd0 && marker <= SOI) {
                continue;
            }
            if (marker == EOI) {
                throw new DamagedImageException("is a JPEG file without a picture");
            }
            int length = file.length - at < 2 ? Integer.MAX_VALUE : at(at) << 8 | at(at + 1);
            if (length > file.length - at) {
                throw cutShort();
            }
            if (length < 2) {
                throw new DamagedImageException("is a damaged JPEG file: a segment at byte " + at + " claims " + length + " bytes");
            }
            if (marker == SOS) {
                scans(at - 2);
                return;
            }
            segment(marker, at + 2, length - 2);
            if (marker < APP0 || marker > APP15 && marker != COMMENT) {
                stripped.write(0xff);
                stripped.write(marker);
                stripped.write(file, at, length);
            }
            at += length;
        }
    }

    private void segment(int marker, int from, int length) throws DamagedImageException {
        switch (marker) {
            case 0xc0, 0xc1, 0xc2 -> frame(from, length);
            case 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf -> throw new DamagedImageException("is a JPEG file that is "
                    + (marker > 0xc8 ? "arithmetic coded" : marker == 0xc3 ? "lossless" : "hierarchical") + ", expected baseline or progressive");
            case APP0 -> jfif |= starts(from, length, "JFIF\0");
            case APP1 -> {
                if (!exif && starts(from, length, "Exif\0\0")) {
                    exif = true;
                    orientation = Orientation.find(file, from + 6, length - 6);
                }
            }
            case APP14 -> {
                if (length >= 12 && starts(from, length, "Adobe")) {
                    adobe = at(from + 11);
                }
            }
            default -> {
            }
        }
    }

    private void frame(int from, int length) throws DamagedImageException {
        if (size != null) {
            throw new DamagedImageException("is a damaged JPEG file: it has two frame headers");
        }
        int count = length < 6 ? 0 : at(from + 5);
        if (count == 0 || length < 6 + 3 * count) {
            throw new DamagedImageException("is a damaged JPEG file: its frame header is too short");
        }
        if (at(from) != 8) {
            throw new DamagedImageException("is a JPEG file of " + at(from) + " bits, expected 8");
        }
        if (count != 1 && count != 3 && count != 4) {
            throw new DamagedImageException("is a JPEG file of " + count + " components, expected 1, 3 or 4");
        }
        int height = at(from + 1) << 8 | at(from + 2);
        int width = at(from + 3) << 8 | at(from + 4);
        if (width == 0 || height == 0) {
            throw new DamagedImageException("is a JPEG file of " + width + " x " + height + " pixels");
        }
        components = new int[count];
        for (int i = 0; i < count; i++) {
            components[i] = at(from + 6 + 3 * i);
        }
        size = new PixelSize(width, height);
    }

    /** All that follows the headers is the decoder's, if it has an end and is no bomb. */
    private void scans(int from) throws DamagedImageException {
        if (size == null) {
            throw new DamagedImageException("is a damaged JPEG file: it has no frame header before its data");
        }
        int scans = 0;
        boolean ends = false;
        for (int i = from; i + 1 < file.length; i++) {
            if (at(i) == 0xff) {
                scans += at(i + 1) == SOS ? 1 : 0;
                ends |= at(i + 1) == EOI;
            }
        }
        if (!ends) {
            throw cutShort();
        }
        data = file.length - from;
        if (scans > MAX_SCANS) {
            throw new DamagedImageException("is a JPEG file of " + scans + " scans, expected at most " + MAX_SCANS);
        }
        stripped.write(file, from, file.length - from);
    }

    private static DamagedImageException cutShort() {
        return new DamagedImageException("is a JPEG file that is cut short");
    }

    private int at(int i) {
        return file[i] & 0xff;
    }

    private boolean starts(int from, int length, String mark) {
        for (int i = 0; i < mark.length(); i++) {
            if (i >= length || at(from + i) != mark.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String format() {
        return "JPEG";
    }

    @Override
    public PixelSize size() {
        return size;
    }

    @Override
    public int orientation() {
        return orientation;
    }

    @Override
    public List<String> remarks() {
        return List.copyOf(remarks);
    }

    @Override
    public RgbImage decode() throws DamagedImageException {
        if (size.pixels() / MOST_PIXELS_OF_BYTE > data) {
            throw cutShort();
        }
        Raster raster;
        ImageReader reader = reader();
        try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(stripped.toByteArray()))) {
            reader.setInput(in, true, true);
            reader.addIIOReadWarningListener((IIOReadWarningListener) (source, warning) -> {
                if (remarks.size() < MAX_REMARKS) {
                    remarks.add("the JPEG data is damaged (" + plain(warning) + ")");
                }
            });
            raster = reader.readRaster(0, null);
        } catch (IOException | RuntimeException e) {
            // The JDK's decoder answers damage with exceptions of many kinds.
            throw new DamagedImageException("is a damaged JPEG file (" + plain(e.getMessage()) + ")", e);
        } finally {
            reader.dispose();
        }
        int count = components.length;
        if (raster.getWidth() != size.width() || raster.getHeight() != size.height() || raster.getNumBands() != count
                || !(raster.getDataBuffer() instanceof DataBufferByte buffer)
                || !(raster.getSampleModel() instanceof PixelInterleavedSampleModel model) || model.getScanlineStride() != count * size.width()) {
            throw new DamagedImageException("is a damaged JPEG file (its data is not the picture that its header describes)");
        }
        return colours(buffer.getData());
    }

    private static String plain(String message) {
        return message == null ? "no reason given" : message.replaceAll("\\p{Cc}+", " ").strip();
    }

    private static ImageReader reader() {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName("jpeg");
        while (readers.hasNext()) {
            ImageReader reader = readers.next();
            if (reader.getClass().getModule().equals(ImageIO.class.getModule())) {
                return reader;
            }
        }
        throw new IllegalStateException("this Java runtime has no JPEG reader (module java.desktop)");
    }

    private RgbImage colours(byte[] samples) {
        switch (components.length) {
            case 1 -> {
                byte[] rgb = new byte[samples.length * RgbImage.CHANNELS];
                for (int i = 0; i < rgb.length; i++) {
                    rgb[i] = samples[i / RgbImage.CHANNELS];
                }
                return new RgbImage(size, rgb);
            }
            case 3 -> {
                if (isYcc()) {
                    for (int i = 0; i < samples.length; i += 3) {
                        ycc(samples, i);
                    }
                }
                return new RgbImage(size, samples);
            }
            default -> {
                return fromCmyk(samples);
            }
        }
    }

    /** As libjpeg decides (jdapimin.c). */
    private boolean isYcc() {
        return jfif || (adobe >= 0 ? adobe != 0 : !(components[0] == 'R' && components[1] == 'G' && components[2] == 'B'));
    }

    /** Luma and chroma to red, green and blue, in place. */
    private static void ycc(byte[] samples, int at) {
        int y = samples[at] & 0xff;
        int cb = (samples[at + 1] & 0xff) - 128;
        int cr = (samples[at + 2] & 0xff) - 128;
        samples[at] = clamped(y + (RED_OF_CR * cr + HALF >> 16));
        samples[at + 1] = clamped(y + (-GREEN_OF_CB * cb - GREEN_OF_CR * cr + HALF >> 16));
        samples[at + 2] = clamped(y + (BLUE_OF_CB * cb + HALF >> 16));
    }

    private static byte clamped(int value) {
        return (byte) Math.clamp(value, 0, 255);
    }

    /** Four components as Pillow takes them: always inverted; as YCCK where libjpeg does. */
    private RgbImage fromCmyk(byte[] samples) {
        boolean ycck = adobe > 0;
        byte[] rgb = new byte[samples.length / 4 * RgbImage.CHANNELS];
        for (int from = 0, to = 0; from < samples.length; from += 4, to += RgbImage.CHANNELS) {
            if (ycck) {
                ycc(samples, from);
            }
            // What is stored is the inverse of black, and of each ink, or, after the step above, the ink itself.
            int light = samples[from + 3] & 0xff;
            for (int i = 0; i < RgbImage.CHANNELS; i++) {
                int stored = samples[from + i] & 0xff;
                int product = (ycck ? stored : 255 - stored) * light + 128;
                rgb[to + i] = clamped(light - ((product >> 8) + product >> 8));
            }
        }
        return new RgbImage(size, rgb);
    }
}
