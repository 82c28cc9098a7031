// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.safetensors;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.json.Json;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Writes a safetensors file of any size: the tensors are declared first, then their bytes are written to this channel, one
 * tensor after the other in the declared order, in pieces of any size. {@link #close()} fails when bytes are missing.
 */
public final class SafetensorsWriter implements WritableByteChannel {
    /** Where the data begins is a multiple of this many bytes. */
    private static final int ALIGNMENT = 8;
    private static final int PIECE_BYTES = 1 << 20;

    private final Path path;
    private final FileChannel channel;
    private final long expected;
    private long written;

    private SafetensorsWriter(Path path, FileChannel channel, long expected) {
        this.path = path;
        this.channel = channel;
        this.expected = expected;
    }

    /**
     * Creates or replaces a file and writes its header.
     *
     * @param tensors  names with types of fixed shape, in the order in which their data will be written
     * @param metadata the header's {@code __metadata__}, left out when empty
     */
    public static SafetensorsWriter create(Path path, SequencedMap<String, TensorType> tensors, Map<String, String> metadata)
            throws IOException {
        ObjectNode root = Json.object();
        if (!metadata.isEmpty()) {
            ObjectNode map = root.putObject(Header.METADATA);
            metadata.forEach(map::put);
        }
        long end = 0;
        for (var tensor : tensors.entrySet()) {
            TensorType type = tensor.getValue();
            ObjectNode entry = root.putObject(tensor.getKey());
            entry.put("dtype", type.dtype().name());
            var shape = entry.putArray("shape");
            long bytes = type.dtype().bytes();
            for (long d : type.fixedShape()) {
                shape.add(d);
                bytes = Math.multiplyExact(bytes, d);
            }
            entry.putArray("data_offsets").add(end).add(Math.addExact(end, bytes));
            end += bytes;
        }
        byte[] text = root.toString().getBytes(StandardCharsets.UTF_8);
        int length = (text.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (length > SafetensorsFile.MAX_HEADER_BYTES) {
            throw new IOException(path + ": the header of " + tensors.size() + " tensors would have " + length
                    + " bytes, the format allows " + SafetensorsFile.MAX_HEADER_BYTES);
        }
        ByteBuffer head = ByteBuffer.allocate(SafetensorsFile.LENGTH_BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(length).put(text);
        while (head.hasRemaining()) {
            head.put((byte) ' ');
        }
        FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
        try {
            writeAll(channel, head.flip());
            return new SafetensorsWriter(path, channel, end);
        } catch (IOException | RuntimeException | Error e) {
            try (channel) {
                throw e;
            }
        }
    }

    /** Bytes of all tensors together. */
    public long dataBytes() {
        return expected;
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
        int n = bytes.remaining();
        if (n > expected - written) {
            throw new IOException(path + ": more than the declared " + expected + " bytes of tensors were written");
        }
        writeAll(channel, bytes);
        written += n;
        return n;
    }

    /** Writes a whole segment. */
    public void write(MemorySegment bytes) throws IOException {
        for (long done = 0; done < bytes.byteSize(); done += PIECE_BYTES) {
            write(bytes.asSlice(done, Math.min(PIECE_BYTES, bytes.byteSize() - done)).asByteBuffer());
        }
    }

    private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    /** @throws IOException when fewer bytes than declared were written; the file is incomplete then */
    @Override
    public void close() throws IOException {
        if (!channel.isOpen()) {
            return;
        }
        channel.close();
        if (written != expected) {
            throw new IOException(path + ": closed after " + written + " of " + expected + " bytes of tensors");
        }
    }
}
