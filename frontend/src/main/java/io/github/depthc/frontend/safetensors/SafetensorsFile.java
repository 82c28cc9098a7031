// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.safetensors;

import io.github.depthc.frontend.json.InputFiles;
import io.github.depthc.frontend.tensorfile.GitLfs;
import io.github.depthc.frontend.tensorfile.TensorEntry;
import io.github.depthc.frontend.tensorfile.TensorFile;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightStore;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.SequencedMap;

/**
 * An open safetensors file of any size. The header is read and checked at once; data is mapped and comes in as it is touched.
 *
 * <p>The format: 8 bytes, the header's length {@code n}, little-endian; {@code n} bytes of JSON, a map from tensor names to
 * {@code {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}}, offsets counted from the header's end, and from
 * {@code __metadata__} to a map of strings; then the data, without holes and overlaps.
 */
public final class SafetensorsFile implements TensorFile {
    /** The longest header that the format allows, in bytes. */
    public static final int MAX_HEADER_BYTES = 100_000_000;

    static final int LENGTH_BYTES = 8;

    private final Path path;
    private final Header header;
    private final Arena arena;
    private final MemorySegment file;

    private SafetensorsFile(Path path, Header header, Arena arena, MemorySegment file) {
        this.path = path;
        this.header = header;
        this.arena = arena;
        this.file = file;
    }

    /**
     * Opens a file.
     *
     * @throws InputException when it is not a well-formed safetensors file of the supported element types
     * @throws IOException    when it cannot be read
     */
    public static SafetensorsFile open(Path path) throws IOException {
        InputFiles.requireFile(path);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            long length = headerLength(path, channel, size);
            byte[] text = read(channel, LENGTH_BYTES, (int) length);
            Header header = Header.parse(path, text, LENGTH_BYTES + length, size);
            // Everything is checked: nothing but the mapping itself can fail from here on.
            Arena arena = Arena.ofShared();
            try {
                return new SafetensorsFile(path, header, arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena));
            } catch (IOException | RuntimeException | Error e) {
                arena.close();
                throw e;
            }
        }
    }

    private static long headerLength(Path path, FileChannel channel, long size) throws IOException {
        if (size < LENGTH_BYTES) {
            throw new InputException(path + ": has " + size + " bytes, expected a safetensors file, which has at least "
                    + LENGTH_BYTES + " (was the download cut short?)");
        }
        byte[] start = read(channel, 0, (int) Math.min(size, GitLfs.MARK_BYTES));
        GitLfs.refuse(path, start);
        long length = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 0 || length > MAX_HEADER_BYTES) {
            throw new InputException(path + ": claims a header of " + Long.toUnsignedString(length)
                    + " bytes, expected at most " + MAX_HEADER_BYTES + "; this is not a safetensors file");
        }
        if (length > size - LENGTH_BYTES) {
            throw new InputException(path + ": claims a header of " + length + " bytes, but the file has " + size
                    + " bytes in all (was the download cut short?)");
        }
        return length;
    }

    private static byte[] read(FileChannel channel, long from, int n) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(n);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, from + bytes.position()) < 0) {
                throw new EOFException("the file became shorter while it was read");
            }
        }
        return bytes.array();
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public SequencedMap<String, TensorEntry> tensors() {
        return header.tensors();
    }

    /** The header's {@code __metadata__}; empty when there is none. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public WeightStore.Extent extent(String name) {
        TensorEntry entry = header.tensors().get(name);
        if (entry == null) {
            throw new InputException(path + ": has no tensor \"" + name + "\"");
        }
        return new WeightStore.Extent(path, entry.offset(), file.asSlice(entry.offset(), entry.bytes()));
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
