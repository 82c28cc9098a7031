// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** A PNG file (ISO/IEC 15948): all colour types and depths, interlaced or not; of an animated one the picture that all readers show. */
final class PngPicture implements Picture {
    private static final int SIGNATURE_BYTES = 8;
    private static final int CHUNK_BYTES = 12;
    private static final int HEADER_BYTES = 13;
    /** Deflate makes no more of a byte. */
    private static final long MOST_INFLATED = 1032;

    private static final int GREY = 0;
    private static final int COLOUR = 2;
    private static final int PALETTE = 3;
    private static final int GREY_ALPHA = 4;
    private static final int COLOUR_ALPHA = 6;

    /** The passes of Adam7: first column, first row, and the steps to the next ones. */
    private static final int[][] ADAM7 = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    private static final int[][] ONE_PASS = {{0, 0, 1, 1}};

    private record Part(int from, int length) {
    }

    private final byte[] file;
    private PixelSize size;
    private int depth;
    private int type;
    private boolean interlaced;
    private byte[] palette;
    private final List<Part> data = new ArrayList<>();
    private int orientation = Orientation.UPRIGHT;
    private boolean animated;

    private PngPicture(byte[] file) {
        this.file = file;
    }

    static PngPicture parse(byte[] file) throws DamagedImageException {
        var picture = new PngPicture(file);
        picture.readChunks();
        return picture;
    }

    private void readChunks() throws DamagedImageException {
        ByteBuffer bytes = ByteBuffer.wrap(file);
        int at = SIGNATURE_BYTES;
        boolean ended = false;
        while (!ended && file.length - at >= CHUNK_BYTES) {
            int length = bytes.getInt(at);
            String name = new String(file, at + 4, 4, StandardCharsets.ISO_8859_1);
            if (length < 0 || length > file.length - at - CHUNK_BYTES) {
                if (name.equals("IDAT") && size != null) {
                    throw cutShort();
                }
                break;
            }
            boolean critical = Character.isUpperCase(name.charAt(0));
            if (critical && crc(at + 4, length + 4) != bytes.getInt(at + 8 + length)) {
                throw new DamagedImageException("is a damaged PNG file: the check sum of its " + shown(name) + " chunk at byte " + at + " is wrong");
            }
            if (size == null && !name.equals("IHDR")) {
                throw new DamagedImageException("is a damaged PNG file: it does not begin with its header");
            }
            ended = chunk(name, at + 8, length);
            at += CHUNK_BYTES + length;
        }
        if (size == null || data.isEmpty()) {
            throw cutShort();
        }
        if (type == PALETTE && palette == null) {
            throw new DamagedImageException("is a damaged PNG file: it has no palette");
        }
    }

    /** Reads a chunk; true when it is the last one. */
    private boolean chunk(String name, int from, int length) throws DamagedImageException {
        switch (name) {
            case "IHDR" -> header(from, length);
            case "PLTE" -> palette = Arrays.copyOfRange(file, from, from + length);
            case "IDAT" -> data.add(new Part(from, length));
            case "acTL" -> animated = true;
            case "eXIf" -> orientation = Orientation.find(file, from, length);
            case "IEND" -> {
                return true;
            }
            default -> {
                if (Character.isUpperCase(name.charAt(0))) {
                    throw new DamagedImageException("has the unknown PNG chunk " + shown(name));
                }
            }
        }
        return false;
    }

    private static String shown(String name) {
        return name.replaceAll("[^A-Za-z]", "?");
    }

    private void header(int from, int length) throws DamagedImageException {
        if (length != HEADER_BYTES || size != null) {
            throw new DamagedImageException("is a damaged PNG file: its header is wrong");
        }
        ByteBuffer header = ByteBuffer.wrap(file, from, length);
        int width = header.getInt();
        int height = header.getInt();
        depth = header.get();
        type = header.get();
        int compression = header.get();
        int filter = header.get();
        int interlace = header.get();
        if (width < 1 || height < 1) {
            throw new DamagedImageException("is a PNG file of " + Integer.toUnsignedString(width) + " x " + Integer.toUnsignedString(height) + " pixels");
        }
        boolean known = switch (type) {
            case GREY -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
            case PALETTE -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
            case COLOUR, GREY_ALPHA, COLOUR_ALPHA -> depth == 8 || depth == 16;
            default -> false;
        };
        if (!known || compression != 0 || filter != 0 || interlace < 0 || interlace > 1) {
            throw new DamagedImageException("is a PNG file of colour type " + type + ", depth " + depth + ", compression " + compression + ", filter "
                    + filter + " and interlace method " + interlace + ", which the format does not have");
        }
        interlaced = interlace == 1;
        size = new PixelSize(width, height);
    }

    private int crc(int from, int length) {
        var crc = new CRC32();
        crc.update(file, from, length);
        return (int) crc.getValue();
    }

    private static DamagedImageException cutShort() {
        return new DamagedImageException("is a PNG file that is cut short");
    }

    @Override
    public String format() {
        return "PNG";
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
        return animated ? List.of("the PNG file is animated; its first picture is used") : List.of();
    }

    private int bitsPerPixel() {
        return depth * switch (type) {
            case COLOUR -> 3;
            case GREY_ALPHA -> 2;
            case COLOUR_ALPHA -> 4;
            default -> 1;
        };
    }

    @Override
    public RgbImage decode() throws DamagedImageException {
        long packed = data.stream().mapToLong(Part::length).sum();
        if (size.pixels() * bitsPerPixel() / 8 > packed * MOST_INFLATED) {
            throw cutShort();
        }
        byte[] rgb = new byte[Math.toIntExact(size.pixels() * RgbImage.CHANNELS)];
        try (var inflater = new Inflater()) {
            var rows = new Unpacked(inflater);
            for (int[] pass : interlaced ? ADAM7 : ONE_PASS) {
                decodePass(rows, pass[0], pass[1], pass[2], pass[3], rgb);
            }
        }
        return new RgbImage(size, rgb);
    }

    private void decodePass(Unpacked in, int left, int top, int columnStep, int rowStep, byte[] rgb) throws DamagedImageException {
        int width = Math.ceilDiv(size.width() - left, columnStep);
        if (width <= 0) {
            return;
        }
        int bytes = Math.toIntExact(((long) width * bitsPerPixel() + 7) / 8);
        int pixelBytes = Math.max(1, bitsPerPixel() / 8);
        byte[] row = new byte[bytes];
        byte[] above = new byte[bytes];
        for (int y = top; y < size.height(); y += rowStep) {
            int filter = in.next();
            in.read(row);
            unfilter(filter, row, above, pixelBytes);
            for (int x = 0; x < width; x++) {
                colour(row, x, rgb, (y * size.width() + left + x * columnStep) * RgbImage.CHANNELS);
            }
            byte[] swap = above;
            above = row;
            row = swap;
        }
    }

    private static void unfilter(int filter, byte[] row, byte[] above, int pixel) throws DamagedImageException {
        if (filter < 0 || filter > 4) {
            throw new DamagedImageException("is a damaged PNG file: a row has filter " + filter + ", expected 0 to 4");
        }
        for (int i = 0; filter != 0 && i < row.length; i++) {
            int left = i >= pixel ? row[i - pixel] & 0xff : 0;
            int up = above[i] & 0xff;
            int corner = i >= pixel ? above[i - pixel] & 0xff : 0;
            row[i] += (byte) switch (filter) {
                case 1 -> left;
                case 2 -> up;
                case 3 -> (left + up) / 2;
                default -> paeth(left, up, corner);
            };
        }
    }

    private static int paeth(int left, int up, int corner) {
        int toLeft = Math.abs(up - corner);
        int toUp = Math.abs(left - corner);
        int toCorner = Math.abs(left + up - 2 * corner);
        return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    }

    private void colour(byte[] row, int x, byte[] rgb, int at) {
        int sample = depth / 8;
        switch (type) {
            case COLOUR, COLOUR_ALPHA -> {
                int from = x * sample * (type == COLOUR ? 3 : 4);
                rgb[at] = row[from];
                rgb[at + 1] = row[from + sample];
                rgb[at + 2] = row[from + 2 * sample];
            }
            case PALETTE -> {
                int entry = packed(row, x) * RgbImage.CHANNELS;
                if (entry + 2 < palette.length) {
                    System.arraycopy(palette, entry, rgb, at, RgbImage.CHANNELS);
                }
            }
            default -> {
                byte grey = type == GREY_ALPHA ? row[x * sample * 2] : depth == 16 ? row[x * 2] : (byte) (packed(row, x) * 255 / ((1 << depth) - 1));
                Arrays.fill(rgb, at, at + RgbImage.CHANNELS, grey);
            }
        }
    }

    /** A sample of 1 to 8 bits. */
    private int packed(byte[] row, int x) {
        int bit = x * depth;
        return row[bit >> 3] >> 8 - depth - (bit & 7) & (1 << depth) - 1;
    }

    /** The inflated bytes of all data chunks. */
    private final class Unpacked {
        private final Inflater inflater;
        private final byte[] one = new byte[1];
        private int part;

        Unpacked(Inflater inflater) {
            this.inflater = inflater;
        }

        int next() throws DamagedImageException {
            read(one);
            return one[0];
        }

        void read(byte[] into) throws DamagedImageException {
            int done = 0;
            while (done < into.length) {
                try {
                    done += inflater.inflate(into, done, into.length - done);
                } catch (DataFormatException e) {
                    throw new DamagedImageException("is a damaged PNG file: its data cannot be inflated (" + e.getMessage() + ")", e);
                }
                if (done < into.length) {
                    if (inflater.finished() || inflater.needsDictionary() || inflater.needsInput() && part == data.size()) {
                        throw cutShort();
                    }
                    if (inflater.needsInput()) {
                        Part next = data.get(part++);
                        inflater.setInput(file, next.from, next.length);
                    }
                }
            }
        }
    }
}
