// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import io.github.depthc.image.Vp8LoopFilter.Strength;
import java.util.Arrays;

/** Decodes one VP8 key frame, the content of lossy WebP files, as libwebp does (RFC 6386). */
final class Vp8Decoder {
    private static final int TAG_BYTES = 10;
    private static final int SEGMENTS = 4;
    private static final int MOST_INDEX = 127;
    private static final int MOST_CHROMA_DC_INDEX = 117;

    private final byte[] file;
    private final int from;
    private final int length;

    private final BoolDecoder modes;
    private BoolDecoder[] partitions;
    private Vp8Tokens tokens;

    private boolean segmented;
    private boolean mapped;
    private final int[] segmentProbabilities = {255, 255, 255};
    private final int[] quantizer = new int[SEGMENTS];
    private final int[] filterLevel = new int[SEGMENTS];
    private boolean filtered;
    private Vp8LoopFilter filter;
    /** By segment, then by whether blocks of 4 x 4 are predicted alone. */
    private final Strength[][] strengths = new Strength[SEGMENTS][2];
    /** By segment: factors of dc and ac of luma, of luma's second order, and of chroma. */
    private final int[][] factors = new int[SEGMENTS][];
    private int skipProbability = -1;

    private final int columns;
    private final int rows;
    private final Vp8Plane luma;
    private final Vp8Plane[] chroma;
    private final PixelSize size;
    private final int[] blockModeProbabilities;

    private final Vp8Prediction prediction = new Vp8Prediction();
    private final Vp8Transform transform = new Vp8Transform();
    private final int[] coefficients = new int[24 * 16];
    private final int[] secondOrder = new int[16];
    /** Of the macroblocks above and to the left: modes of 4 blocks, and whether blocks have coefficients: 4 luma, 2 u, 2 v, 1 second order. */
    private final byte[][] modesAbove;
    private byte[] modesLeft = new byte[4];
    private final byte[][] filledAbove;
    private byte[] filledLeft = new byte[9];
    private final byte[] strengthOf;

    private Vp8Decoder(byte[] file, int from, int length, PixelSize size) throws DamagedImageException {
        this.file = file;
        this.from = from;
        this.length = length;
        this.size = size;
        columns = (size.width() + 15) / 16;
        rows = (size.height() + 15) / 16;
        int first = (u8(0) | u8(1) << 8 | u8(2) << 16) >> 5;
        if (first > length - TAG_BYTES) {
            throw cutShort();
        }
        var tables = Vp8Tables.read();
        blockModeProbabilities = tables.table("block_mode_probabilities");
        modes = new BoolDecoder(file, from + TAG_BYTES, first);
        readHeader(tables, TAG_BYTES + first);
        luma = new Vp8Plane(columns * 16, rows * 16);
        chroma = new Vp8Plane[] {new Vp8Plane(columns * 8, rows * 8), new Vp8Plane(columns * 8, rows * 8)};
        modesAbove = new byte[columns][4];
        filledAbove = new byte[columns][9];
        strengthOf = new byte[Math.multiplyExact(columns, rows)];
    }

    /** The size that a frame says it has. */
    static PixelSize size(byte[] file, int from, int length) throws DamagedImageException {
        if (length < TAG_BYTES) {
            throw cutShort();
        }
        int tag = file[from] & 0xff;
        boolean key = (tag & 1) == 0;
        int version = tag >> 1 & 7;
        boolean shown = (tag >> 4 & 1) != 0;
        if (!key || version > 3 || !shown || (file[from + 3] & 0xff) != 0x9d || file[from + 4] != 0x01 || file[from + 5] != 0x2a) {
            throw new DamagedImageException("is a damaged WebP file: its frame is no VP8 key frame");
        }
        int width = (file[from + 6] & 0xff | (file[from + 7] & 0xff) << 8) & 0x3fff;
        int height = (file[from + 8] & 0xff | (file[from + 9] & 0xff) << 8) & 0x3fff;
        if (width == 0 || height == 0) {
            throw new DamagedImageException("is a WebP file of " + width + " x " + height + " pixels");
        }
        return new PixelSize(width, height);
    }

    /** The pixels of a frame. */
    static RgbImage decode(byte[] file, int from, int length) throws DamagedImageException {
        return new Vp8Decoder(file, from, length, size(file, from, length)).decode();
    }

    private static DamagedImageException cutShort() {
        return new DamagedImageException("is a WebP file that is cut short");
    }

    private int u8(int at) {
        return file[from + at] & 0xff;
    }

    private void readHeader(Vp8Tables tables, int behind) throws DamagedImageException {
        modes.flag(); // colour space
        modes.flag(); // whether pixels need clamping: they are clamped
        boolean absolute = readSegments();
        readFilter(absolute);
        int count = 1 << modes.literal(2);
        readPartitions(behind, count);
        readQuantizers(tables, absolute);
        modes.flag(); // whether probabilities are kept for a next frame, of which there is none
        tokens = new Vp8Tokens(tables, modes);
        if (modes.flag()) {
            skipProbability = modes.literal(8);
        }
    }

    /** Whether the segments' values stand for themselves, and not for differences. */
    private boolean readSegments() {
        segmented = modes.flag();
        boolean absolute = true;
        if (segmented) {
            mapped = modes.flag();
            if (modes.flag()) {
                absolute = modes.flag();
                for (int s = 0; s < SEGMENTS; s++) {
                    quantizer[s] = modes.optional(7);
                }
                for (int s = 0; s < SEGMENTS; s++) {
                    filterLevel[s] = modes.optional(6);
                }
            }
            for (int i = 0; mapped && i < segmentProbabilities.length; i++) {
                segmentProbabilities[i] = modes.flag() ? modes.literal(8) : 255;
            }
        }
        return absolute;
    }

    private void readFilter(boolean absolute) {
        boolean simple = modes.flag();
        int level = modes.literal(6);
        int sharpness = modes.literal(3);
        int ofKeyFrames = 0;
        int ofSmallBlocks = 0;
        if (modes.flag() && modes.flag()) {
            for (int i = 0; i < 4; i++) {
                int delta = modes.optional(6);
                ofKeyFrames = i == 0 ? delta : ofKeyFrames;
            }
            for (int i = 0; i < 4; i++) {
                int delta = modes.optional(6);
                ofSmallBlocks = i == 0 ? delta : ofSmallBlocks;
            }
        }
        filtered = level > 0;
        filter = new Vp8LoopFilter(simple);
        for (int s = 0; s < SEGMENTS; s++) {
            int base = (segmented ? filterLevel[s] + (absolute ? 0 : level) : level) + ofKeyFrames;
            strengths[s][0] = Strength.of(base, sharpness);
            strengths[s][1] = Strength.of(base + ofSmallBlocks, sharpness);
        }
    }

    private void readPartitions(int behind, int count) throws DamagedImageException {
        int at = behind + 3 * (count - 1);
        if (at > length) {
            throw cutShort();
        }
        partitions = new BoolDecoder[count];
        for (int i = 0; i < count; i++) {
            int left = length - at;
            int sizeAt = behind + 3 * i;
            int bytes = i == count - 1 ? left : Math.min(left, u8(sizeAt) | u8(sizeAt + 1) << 8 | u8(sizeAt + 2) << 16);
            partitions[i] = new BoolDecoder(file, from + at, bytes);
            at += bytes;
        }
    }

    private void readQuantizers(Vp8Tables tables, boolean absolute) {
        int[] dc = tables.table("dc_quantizers");
        int[] ac = tables.table("ac_quantizers");
        int base = modes.literal(7);
        int lumaDc = modes.optional(4);
        int secondDc = modes.optional(4);
        int secondAc = modes.optional(4);
        int chromaDc = modes.optional(4);
        int chromaAc = modes.optional(4);
        for (int s = 0; s < SEGMENTS; s++) {
            int q = segmented ? quantizer[s] + (absolute ? 0 : base) : base;
            factors[s] = new int[] {dc[index(q + lumaDc)], ac[index(q)], 2 * dc[index(q + secondDc)], Math.max(8, ac[index(q + secondAc)] * 155 / 100),
                dc[Math.clamp(q + chromaDc, 0, MOST_CHROMA_DC_INDEX)], ac[index(q + chromaAc)]};
        }
    }

    private static int index(int q) {
        return Math.clamp(q, 0, MOST_INDEX);
    }

    private RgbImage decode() throws DamagedImageException {
        for (int row = 0; row < rows; row++) {
            modesLeft = new byte[4];
            filledLeft = new byte[9];
            for (int column = 0; column < columns; column++) {
                macroblock(column, row, partitions[row & partitions.length - 1]);
            }
            if (modes.isPastEnd() || partitions[row & partitions.length - 1].isPastEnd()) {
                throw cutShort();
            }
        }
        for (int i = 0; filtered && i < strengthOf.length; i++) {
            int how = strengthOf[i];
            filter.macroblock(luma, chroma[0], chroma[1], i % columns, i / columns, strengths[how >> 2][how >> 1 & 1], (how & 1) != 0);
        }
        return Yuv420.toRgb(luma, chroma[0], chroma[1], size);
    }

    private void macroblock(int column, int row, BoolDecoder in) {
        int segment = !mapped ? 0
                : modes.bit(segmentProbabilities[0]) == 0 ? modes.bit(segmentProbabilities[1]) : 2 + modes.bit(segmentProbabilities[2]);
        boolean skipped = skipProbability >= 0 && modes.bit(skipProbability) != 0;
        boolean small = modes.bit(145) == 0;
        byte[] blockModes = new byte[16];
        int mode = 0;
        if (small) {
            readBlockModes(column, blockModes);
        } else {
            mode = modes.bit(156) != 0 ? modes.bit(128) != 0 ? Vp8Prediction.TRUE_MOTION : Vp8Prediction.HORIZONTAL
                    : modes.bit(163) != 0 ? Vp8Prediction.VERTICAL : Vp8Prediction.DC;
            byte like = (byte) switch (mode) {
                case Vp8Prediction.DC -> Vp8Prediction.B_DC;
                case Vp8Prediction.VERTICAL -> Vp8Prediction.B_VERTICAL;
                case Vp8Prediction.HORIZONTAL -> Vp8Prediction.B_HORIZONTAL;
                default -> Vp8Prediction.B_TRUE_MOTION;
            };
            Arrays.fill(modesAbove[column], like);
            Arrays.fill(modesLeft, like);
        }
        int chromaMode = modes.bit(142) == 0 ? Vp8Prediction.DC : modes.bit(114) == 0 ? Vp8Prediction.VERTICAL
                : modes.bit(183) != 0 ? Vp8Prediction.TRUE_MOTION : Vp8Prediction.HORIZONTAL;
        boolean filled = readCoefficients(in, column, factors[segment], small, skipped);
        strengthOf[row * columns + column] = (byte) (segment << 2 | (small ? 2 : 0) | (small || filled ? 1 : 0));
        if (small) {
            drawSmall(column, row, blockModes);
        } else {
            Vp8Prediction.whole(luma, column * 16, row * 16, 16, mode);
            for (int i = 0; i < 16; i++) {
                transform.cosine(coefficients, 16 * i, luma, luma.at(column * 16 + i % 4 * 4, row * 16 + i / 4 * 4));
            }
        }
        for (int c = 0; c < 2; c++) {
            Vp8Prediction.whole(chroma[c], column * 8, row * 8, 8, chromaMode);
            for (int i = 0; i < 4; i++) {
                transform.cosine(coefficients, 16 * (16 + 4 * c + i), chroma[c], chroma[c].at(column * 8 + i % 2 * 4, row * 8 + i / 2 * 4));
            }
        }
    }

    private void readBlockModes(int column, byte[] blockModes) {
        byte[] above = modesAbove[column];
        for (int i = 0; i < 16; i++) {
            int x = i % 4;
            int y = i / 4;
            int p = (above[x] * 10 + modesLeft[y]) * 9;
            byte mode = (byte) blockMode(p);
            blockModes[i] = mode;
            above[x] = mode;
            modesLeft[y] = mode;
        }
    }

    private int blockMode(int p) {
        if (branch(p) == 0) {
            return Vp8Prediction.B_DC;
        }
        if (branch(p + 1) == 0) {
            return Vp8Prediction.B_TRUE_MOTION;
        }
        if (branch(p + 2) == 0) {
            return Vp8Prediction.B_VERTICAL;
        }
        if (branch(p + 3) == 0) {
            return branch(p + 4) == 0 ? Vp8Prediction.B_HORIZONTAL : branch(p + 5) == 0 ? Vp8Prediction.B_RIGHT_DOWN : Vp8Prediction.B_VERTICAL_RIGHT;
        }
        if (branch(p + 6) == 0) {
            return Vp8Prediction.B_LEFT_DOWN;
        }
        return branch(p + 7) == 0 ? Vp8Prediction.B_VERTICAL_LEFT : branch(p + 8) == 0 ? Vp8Prediction.B_HORIZONTAL_DOWN : Vp8Prediction.B_HORIZONTAL_UP;
    }

    private int branch(int p) {
        return modes.bit(blockModeProbabilities[p]);
    }

    /** Fills {@link #coefficients}; true when some of them are not zero. */
    private boolean readCoefficients(BoolDecoder in, int column, int[] factor, boolean small, boolean skipped) {
        Arrays.fill(coefficients, 0);
        byte[] above = filledAbove[column];
        if (skipped) {
            int kept = small ? 8 : 9;
            Arrays.fill(above, 0, kept, (byte) 0);
            Arrays.fill(filledLeft, 0, kept, (byte) 0);
            return false;
        }
        int first = 0;
        int type = 3;
        if (!small) {
            Arrays.fill(secondOrder, 0);
            int end = tokens.read(in, 1, above[8] + filledLeft[8], 0, factor[2], factor[3], secondOrder, 0);
            above[8] = filledLeft[8] = (byte) (end > 0 ? 1 : 0);
            transform.walshHadamard(secondOrder, coefficients);
            first = 1;
            type = 0;
        }
        boolean filled = false;
        for (int i = 0; i < 24; i++) {
            // Luma is four by four; u and v are two by two each.
            int x = i < 16 ? i % 4 : 4 + (i - 16) / 4 * 2 + i % 2;
            int y = i < 16 ? i / 4 : 4 + (i - 16) / 4 * 2 + i / 2 % 2;
            int begin = i < 16 ? first : 0;
            int end = tokens.read(in, i < 16 ? type : 2, above[x] + filledLeft[y], begin, factor[i < 16 ? 0 : 4], factor[i < 16 ? 1 : 5], coefficients, 16 * i);
            above[x] = filledLeft[y] = (byte) (end > begin ? 1 : 0);
            filled |= end > 1 || coefficients[16 * i] != 0;
        }
        return filled;
    }

    private void drawSmall(int column, int row, byte[] blockModes) {
        // Above and to the right of the macroblock: all four rows of its last column take these, which are there already.
        int top = luma.at(column * 16, row * 16) - luma.stride;
        int outside = row == 0 ? 127 * 0x01010101 : column == columns - 1 ? luma.get(top + 15) * 0x01010101 : four(top + 16);
        for (int i = 0; i < 16; i++) {
            int at = luma.at(column * 16 + i % 4 * 4, row * 16 + i / 4 * 4);
            prediction.small(luma, at, blockModes[i], i % 4 == 3 ? outside : four(at - luma.stride + 4));
            transform.cosine(coefficients, 16 * i, luma, at);
        }
    }

    private int four(int at) {
        return luma.get(at) << 24 | luma.get(at + 1) << 16 | luma.get(at + 2) << 8 | luma.get(at + 3);
    }
}
