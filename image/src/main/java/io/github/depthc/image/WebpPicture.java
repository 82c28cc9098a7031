// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A WebP file (RFC 9649), lossy or lossless; its alpha is not read, and of an animation the first frame is. */
final class WebpPicture implements Picture {
    private static final int RIFF_BYTES = 12;
    private static final int CHUNK_BYTES = 8;
    private static final int EXTENDED_BYTES = 10;
    private static final int FRAME_BYTES = 16;

    private final byte[] file;
    private final ByteBuffer bytes;
    /** The whole picture's, of which an animation's first frame may be a part. */
    private PixelSize canvas;
    private PixelSize frame;
    private int left;
    private int top;
    /** Where the coded picture is; 0 while none is found. */
    private int data;
    private int dataLength;
    private boolean lossless;
    private boolean animated;
    private int orientation = Orientation.UPRIGHT;

    private WebpPicture(byte[] file) {
        this.file = file;
        this.bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    }

    static WebpPicture parse(byte[] file) throws DamagedImageException {
        var picture = new WebpPicture(file);
        picture.readChunks(RIFF_BYTES, file.length);
        picture.check();
        return picture;
    }

    private static DamagedImageException damaged(String what) {
        return new DamagedImageException("is a damaged WebP file: " + what);
    }

    private void readChunks(int from, int end) throws DamagedImageException {
        int at = from;
        while (end - at >= CHUNK_BYTES) {
            String name = new String(file, at, 4, StandardCharsets.ISO_8859_1);
            int length = bytes.getInt(at + 4);
            int content = at + CHUNK_BYTES;
            if (length < 0 || length > end - content) {
                if (data == 0) {
                    throw new DamagedImageException("is a WebP file that is cut short");
                }
                return;
            }
            chunk(name, content, length);
            at = content + Math.min(length + (length & 1), end - content);
        }
    }

    private void chunk(String name, int at, int length) throws DamagedImageException {
        switch (name) {
            case "VP8X" -> {
                if (length < EXTENDED_BYTES) {
                    throw damaged("its extended header is too short");
                }
                canvas = new PixelSize(u24(at + 4) + 1, u24(at + 7) + 1);
            }
            case "ANMF" -> {
                animated = true;
                if (data == 0) {
                    if (length < FRAME_BYTES) {
                        throw damaged("a frame's header is too short");
                    }
                    left = 2 * u24(at);
                    top = 2 * u24(at + 3);
                    readChunks(at + FRAME_BYTES, at + length);
                }
            }
            case "VP8 ", "VP8L" -> {
                if (data == 0) {
                    data = at;
                    dataLength = length;
                    lossless = name.equals("VP8L");
                    frame = lossless ? LosslessDecoder.size(file, at, length) : Vp8Decoder.size(file, at, length);
                }
            }
            case "EXIF" -> {
                boolean marked = length > 6 && new String(file, at, 6, StandardCharsets.ISO_8859_1).equals("Exif\0\0");
                orientation = Orientation.find(file, marked ? at + 6 : at, marked ? length - 6 : length);
            }
            default -> {
            }
        }
    }

    private int u24(int at) {
        return bytes.getShort(at) & 0xffff | (file[at + 2] & 0xff) << 16;
    }

    private void check() throws DamagedImageException {
        if (data == 0) {
            throw damaged("it has no picture");
        }
        if (canvas == null) {
            canvas = frame;
        }
        if ((long) left + frame.width() > canvas.width() || (long) top + frame.height() > canvas.height() || !animated && !frame.equals(canvas)) {
            throw damaged("its picture of " + frame + " does not fit in the " + canvas + " that its header says");
        }
    }

    @Override
    public String format() {
        return "WebP";
    }

    @Override
    public PixelSize size() {
        return canvas;
    }

    @Override
    public int orientation() {
        return orientation;
    }

    @Override
    public List<String> remarks() {
        return animated ? List.of("the WebP file is animated; its first frame is used") : List.of();
    }

    @Override
    public RgbImage decode() throws DamagedImageException {
        RgbImage decoded = lossless ? LosslessDecoder.decode(file, data, dataLength) : Vp8Decoder.decode(file, data, dataLength);
        if (frame.equals(canvas)) {
            return decoded;
        }
        RgbImage whole = RgbImage.filled(canvas, 0);
        whole.paste(decoded, left, top);
        return whole;
    }
}
