// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/** Decodes the content of lossless WebP files (WebP Lossless Bitstream Specification). Pixels are {@code 0xAARRGGBB}. */
final class LosslessDecoder {
    private static final int SIGNATURE = 0x2f;
    private static final int HEADER_BYTES = 5;
    private static final int LITERALS = 256;
    private static final int LENGTHS = 24;
    private static final int DISTANCES = 40;
    private static final int MOST_CACHE_BITS = 11;
    private static final int CACHE_HASH = 0x1e35a7bd;
    private static final int[] LENGTH_ORDER = {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    private static final int FIRST_LENGTH = 8;
    /** What the short codes of distances mean: rows above times 16, plus 8 less the columns to the left. */
    private static final int[] NEAR = {
        0x18, 0x07, 0x17, 0x19, 0x28, 0x06, 0x27, 0x29, 0x16, 0x1a, 0x26, 0x2a, 0x38, 0x05, 0x37, 0x39, 0x15, 0x1b, 0x36, 0x3a, 0x25, 0x2b, 0x48, 0x04,
        0x47, 0x49, 0x14, 0x1c, 0x35, 0x3b, 0x46, 0x4a, 0x24, 0x2c, 0x58, 0x45, 0x4b, 0x34, 0x3c, 0x03, 0x57, 0x59, 0x13, 0x1d, 0x56, 0x5a, 0x23, 0x2d,
        0x44, 0x4c, 0x55, 0x5b, 0x33, 0x3d, 0x68, 0x02, 0x67, 0x69, 0x12, 0x1e, 0x66, 0x6a, 0x22, 0x2e, 0x54, 0x5c, 0x43, 0x4d, 0x65, 0x6b, 0x32, 0x3e,
        0x78, 0x01, 0x77, 0x79, 0x53, 0x5d, 0x11, 0x1f, 0x64, 0x6c, 0x42, 0x4e, 0x76, 0x7a, 0x21, 0x2f, 0x75, 0x7b, 0x31, 0x3f, 0x63, 0x6d, 0x52, 0x5e,
        0x00, 0x74, 0x7c, 0x41, 0x4f, 0x10, 0x20, 0x62, 0x6e, 0x30, 0x73, 0x7d, 0x51, 0x5f, 0x40, 0x72, 0x7e, 0x61, 0x6f, 0x50, 0x71, 0x7f, 0x60, 0x70};

    /** The codes of one region: green with lengths and cache, red, blue, alpha, distance. */
    private record Codes(PrefixCode green, PrefixCode red, PrefixCode blue, PrefixCode alpha, PrefixCode distance) {
    }

    private final LsbBits in;

    private LosslessDecoder(LsbBits in) {
        this.in = in;
    }

    /** The size that a picture says it has. */
    static PixelSize size(byte[] file, int from, int length) throws DamagedImageException {
        if (length < HEADER_BYTES) {
            throw new DamagedImageException("is a WebP file that is cut short");
        }
        var in = new LsbBits(file, from, length);
        if (in.read(8) != SIGNATURE) {
            throw damaged("its lossless picture does not begin as one");
        }
        var size = new PixelSize(in.read(14) + 1, in.read(14) + 1);
        in.read(1); // whether alpha matters
        if (in.read(3) != 0) {
            throw damaged("its lossless picture is of an unknown version");
        }
        return size;
    }

    /** The picture, its alpha dropped. */
    static RgbImage decode(byte[] file, int from, int length) throws DamagedImageException {
        PixelSize size = size(file, from, length);
        int[] pixels = new LosslessDecoder(new LsbBits(file, from + HEADER_BYTES, length - HEADER_BYTES)).picture(size.width(), size.height());
        byte[] rgb = new byte[Math.toIntExact(size.pixels() * RgbImage.CHANNELS)];
        for (int i = 0; i < pixels.length; i++) {
            rgb[3 * i] = (byte) (pixels[i] >> 16);
            rgb[3 * i + 1] = (byte) (pixels[i] >> 8);
            rgb[3 * i + 2] = (byte) pixels[i];
        }
        return new RgbImage(size, rgb);
    }

    private static DamagedImageException damaged(String what) {
        return new DamagedImageException("is a damaged WebP file: " + what);
    }

    private int[] picture(int width, int height) throws DamagedImageException {
        Deque<LosslessTransform> transforms = new ArrayDeque<>();
        int coded = width;
        int seen = 0;
        while (in.flag()) {
            int type = in.read(2);
            if ((seen & 1 << type) != 0) {
                throw damaged("it has the same transform twice");
            }
            seen |= 1 << type;
            LosslessTransform transform = transform(type, coded, height);
            transforms.push(transform);
            if (transform instanceof LosslessTransform.Palette palette) {
                coded = palette.packedWidth();
            }
        }
        int[] pixels = coded(coded, height, true);
        for (LosslessTransform transform : transforms) {
            // Only a palette changes the width, from what it was before it was read.
            coded = transform instanceof LosslessTransform.Palette ? width : coded;
            pixels = transform.undo(pixels, coded, height);
        }
        return pixels;
    }

    private LosslessTransform transform(int type, int width, int height) throws DamagedImageException {
        return switch (type) {
            case 0 -> {
                int bits = in.read(3) + 2;
                int blocks = blocks(width, bits);
                yield new LosslessTransform.Predictor(bits, coded(blocks, blocks(height, bits), false), blocks);
            }
            case 1 -> {
                int bits = in.read(3) + 2;
                int blocks = blocks(width, bits);
                yield new LosslessTransform.CrossColour(bits, coded(blocks, blocks(height, bits), false), blocks);
            }
            case 2 -> new LosslessTransform.SubtractGreen();
            default -> {
                int[] colours = coded(in.read(8) + 1, 1, false);
                for (int i = 1; i < colours.length; i++) {
                    colours[i] = (colours[i] & 0xff00ff00) + (colours[i - 1] & 0xff00ff00) & 0xff00ff00
                            | (colours[i] & 0x00ff00ff) + (colours[i - 1] & 0x00ff00ff) & 0x00ff00ff;
                }
                int bits = colours.length > 16 ? 0 : colours.length > 4 ? 1 : colours.length > 2 ? 2 : 3;
                yield new LosslessTransform.Palette(bits, colours, blocks(width, bits));
            }
        };
    }

    private static int blocks(int pixels, int bits) {
        return pixels + (1 << bits) - 1 >> bits;
    }

    /** An entropy-coded picture: the main one, or one that says something of each block of it. */
    private int[] coded(int width, int height, boolean main) throws DamagedImageException {
        int cacheBits = 0;
        if (in.flag()) {
            cacheBits = in.read(4);
            if (cacheBits < 1 || cacheBits > MOST_CACHE_BITS) {
                throw damaged("its colour cache has " + cacheBits + " bits");
            }
        }
        int bits = 0;
        int[] region = {0};
        int regionWidth = 1;
        if (main && in.flag()) {
            bits = in.read(3) + 2;
            regionWidth = blocks(width, bits);
            region = coded(regionWidth, blocks(height, bits), false);
        }
        int groups = 0;
        for (int i = 0; i < region.length; i++) {
            region[i] = region[i] >> 8 & 0xffff;
            groups = Math.max(groups, region[i] + 1);
        }
        var codes = new Codes[groups];
        int cacheSize = cacheBits == 0 ? 0 : 1 << cacheBits;
        for (int i = 0; i < groups; i++) {
            codes[i] = new Codes(code(LITERALS + LENGTHS + cacheSize), code(LITERALS), code(LITERALS), code(LITERALS), code(DISTANCES));
        }
        return pixels(width, height, codes, region, bits == 0 ? 31 : bits, regionWidth, cacheBits);
    }

    private int[] pixels(int width, int height, Codes[] codes, int[] region, int bits, int regionWidth, int cacheBits) throws DamagedImageException {
        int[] pixels = new int[Math.multiplyExact(width, height)];
        int[] cache = new int[1 << cacheBits];
        int cached = 0;
        int at = 0;
        while (at < pixels.length) {
            Codes code = codes[region[(at / width >> bits) * regionWidth + (at % width >> bits)]];
            int green = code.green.read(in);
            if (green < LITERALS) {
                int red = code.red.read(in);
                int blue = code.blue.read(in);
                pixels[at++] = code.alpha.read(in) << 24 | red << 16 | green << 8 | blue;
            } else if (green < LITERALS + LENGTHS) {
                int length = extended(green - LITERALS);
                int distance = distance(extended(code.distance.read(in)), width);
                if (distance > at || length > pixels.length - at) {
                    throw damaged("it copies pixels from outside the picture");
                }
                for (int i = 0; i < length; i++, at++) {
                    pixels[at] = pixels[at - distance];
                }
            } else {
                for (; cached < at; cached++) {
                    cache[slot(pixels[cached], cacheBits)] = pixels[cached];
                }
                pixels[at++] = cache[green - LITERALS - LENGTHS];
            }
        }
        return pixels;
    }

    private static int slot(int colour, int cacheBits) {
        return colour * CACHE_HASH >>> Integer.SIZE - cacheBits;
    }

    /** A length or distance: a symbol, and for all but the smallest more bits. */
    private int extended(int symbol) throws DamagedImageException {
        if (symbol < 4) {
            return symbol + 1;
        }
        int bits = symbol - 2 >> 1;
        return (2 + (symbol & 1) << bits) + in.read(bits) + 1;
    }

    private static int distance(int code, int width) {
        if (code > NEAR.length) {
            return code - NEAR.length;
        }
        int near = NEAR[code - 1];
        return Math.max(1, (near >> 4) * width + 8 - (near & 15));
    }

    private PrefixCode code(int symbols) throws DamagedImageException {
        int[] lengths = new int[symbols];
        if (in.flag()) {
            boolean two = in.flag();
            int first = in.read(in.flag() ? 8 : 1);
            mark(lengths, first);
            if (two) {
                mark(lengths, in.read(8));
            }
        } else {
            readLengths(lengths);
        }
        return PrefixCode.of(lengths);
    }

    private static void mark(int[] lengths, int symbol) throws DamagedImageException {
        if (symbol >= lengths.length) {
            throw damaged("a prefix code has the symbol " + symbol + " of " + lengths.length);
        }
        lengths[symbol] = 1;
    }

    private void readLengths(int[] lengths) throws DamagedImageException {
        int[] ofLengths = new int[LENGTH_ORDER.length];
        int count = in.read(4) + 4;
        for (int i = 0; i < count; i++) {
            ofLengths[LENGTH_ORDER[i]] = in.read(3);
        }
        PrefixCode code = PrefixCode.of(ofLengths);
        int most = lengths.length;
        if (in.flag()) {
            most = 2 + in.read(2 + 2 * in.read(3));
            if (most > lengths.length) {
                throw damaged("a prefix code has " + most + " lengths for " + lengths.length + " symbols");
            }
        }
        int previous = FIRST_LENGTH;
        int symbol = 0;
        for (int n = 0; n < most && symbol < lengths.length; n++) {
            int length = code.read(in);
            if (length < 16) {
                lengths[symbol++] = length;
                previous = length == 0 ? previous : length;
                continue;
            }
            int repeat = length == 16 ? 3 + in.read(2) : length == 17 ? 3 + in.read(3) : 11 + in.read(7);
            if (repeat > lengths.length - symbol) {
                throw damaged("a prefix code repeats a length too often");
            }
            Arrays.fill(lengths, symbol, symbol + repeat, length == 16 ? previous : 0);
            symbol += repeat;
        }
    }
}
