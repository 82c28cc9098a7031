// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsFileTest {
    @TempDir
    private Path dir;

    /** A file of this header (with ' for ") and so many bytes of data. */
    private static byte[] file(String header, int dataBytes) {
        byte[] text = header.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        return claiming(text.length, text, dataBytes);
    }

    private static byte[] claiming(long headerLength, byte[] text, int dataBytes) {
        return ByteBuffer.allocate(8 + text.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN).putLong(headerLength).put(text).array();
    }

    private static String tensor(String name, String dtype, String shape, String offsets) {
        return "'" + name + "': {'dtype': '" + dtype + "', 'shape': " + shape + ", 'data_offsets': " + offsets + "}";
    }

    private static byte[] oneTensor(String dtype, String shape, String offsets, int dataBytes) {
        return file("{" + tensor("w", dtype, shape, offsets) + "}", dataBytes);
    }

    static Stream<Arguments> hostile() {
        String good = tensor("w", "F32", "[2]", "[0, 8]");
        return Stream.of(
                Arguments.of("empty file", new byte[0], "has 0 bytes"),
                Arguments.of("seven bytes", new byte[7], "has 7 bytes"),
                Arguments.of("no header", new byte[8], "does not begin with '{'"),
                Arguments.of("header longer than the file", claiming(1000, "{}".getBytes(StandardCharsets.US_ASCII), 0), "claims a header of 1000 bytes"),
                Arguments.of("header over 100 MB", claiming(100_000_001, new byte[0], 0), "claims a header of 100000001 bytes"),
                Arguments.of("header of 2^64-1", claiming(-1, new byte[0], 0), "claims a header of 18446744073709551615 bytes"),
                Arguments.of("Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n".getBytes(StandardCharsets.US_ASCII), "git lfs pull"),
                Arguments.of("header cut in the middle", file("{'w': {'dtype'", 0), "expected strict JSON"),
                Arguments.of("a list as header", file("[1]", 0), "does not begin with '{'"),
                Arguments.of("text behind the header", file("{} x", 0), "expected strict JSON"),
                Arguments.of("two headers", file("{}{}", 0), "text behind the JSON value"),
                Arguments.of("not UTF-8", claiming(4, new byte[] {'{', (byte) 0xff, (byte) 0xfe, '}'}, 0), "not UTF-8"),
                Arguments.of("deep JSON in the metadata", file("{'__metadata__': " + "[".repeat(100_000), 0), "expected a map of strings"),
                Arguments.of("deep JSON as a shape", file("{'w': {'shape': " + "[".repeat(100_000), 0), "nested value"),
                Arguments.of("deep JSON as an unknown entry", file("{'w': {'x': " + "{'a':".repeat(100_000), 0), "unknown entry \"x\""),
                Arguments.of("duplicate tensor", file("{" + good + ", " + good + "}", 8), "Duplicate"),
                Arguments.of("duplicate key in a tensor", file("{'w': {'dtype': 'F32', 'dtype': 'F32'}}", 0), "Duplicate"),
                Arguments.of("metadata that is no map", file("{'__metadata__': 3}", 0), "expected a map of strings"),
                Arguments.of("metadata of numbers", file("{'__metadata__': {'a': 3}}", 0), "expected a map of strings"),
                Arguments.of("tensor that is no object", file("{'w': 3}", 0), "tensor \"w\" has 3, expected an object"),
                Arguments.of("no dtype", file("{'w': {'shape': [2], 'data_offsets': [0, 8]}}", 8), "has no dtype"),
                Arguments.of("no shape", file("{'w': {'dtype': 'F32', 'data_offsets': [0, 8]}}", 8), "has no shape"),
                Arguments.of("no offsets", file("{'w': {'dtype': 'F32', 'shape': [2]}}", 8), "has no data_offsets"),
                Arguments.of("null dtype", file("{'w': {'dtype': null}}", 8), "expected a dtype string"),
                Arguments.of("unknown dtype", oneTensor("F8_E4M3", "[8]", "[0, 8]", 8), "tensor \"w\" has the unsupported dtype \"F8_E4M3\""),
                Arguments.of("dtype in lower case", oneTensor("f32", "[2]", "[0, 8]", 8), "unsupported dtype \"f32\""),
                Arguments.of("unknown entry", file("{'w': {'strides': [1]}}", 0), "unknown entry \"strides\""),
                Arguments.of("NaN in the shape", oneTensor("F32", "[NaN]", "[0, 8]", 8), "expected strict JSON"),
                Arguments.of("fraction in the shape", oneTensor("F32", "[2.0]", "[0, 8]", 8), "has 2.0 in its shape"),
                Arguments.of("string in the shape", oneTensor("F32", "['2']", "[0, 8]", 8), "has 2 in its shape"),
                Arguments.of("negative shape", oneTensor("F32", "[-2]", "[0, 8]", 8), "has -2 in its shape"),
                Arguments.of("shape that overflows", oneTensor("F32", "[4294967296, 4294967296]", "[0, 8]", 8), "too large"),
                Arguments.of("shape that wraps to the right size", oneTensor("F32", "[4611686018427387905, 2]", "[0, 8]", 8), "too large"),
                Arguments.of("number beyond long", oneTensor("F32", "[99999999999999999999]", "[0, 8]", 8), "has 99999999999999999999 in its shape"),
                Arguments.of("number of 5000 digits", oneTensor("F32", "[" + "9".repeat(5000) + "]", "[0, 8]", 8), "expected strict JSON"),
                Arguments.of("17 dimensions", oneTensor("U8", "[" + "1, ".repeat(16) + "1]", "[0, 1]", 1), "more than 16 numbers in its shape"),
                Arguments.of("wrong shape", oneTensor("F32", "[3]", "[0, 8]", 8), "takes 12 bytes"),
                Arguments.of("negative offset", oneTensor("F32", "[2]", "[-8, 0]", 8), "has -8 in its data_offsets"),
                Arguments.of("offsets reversed", oneTensor("F32", "[2]", "[8, 0]", 8), "[8, 0]"),
                Arguments.of("one offset", oneTensor("F32", "[2]", "[8]", 8), "expected [begin, end]"),
                Arguments.of("three offsets", oneTensor("F32", "[2]", "[0, 8, 8]", 8), "more than 2 numbers"),
                Arguments.of("offset beyond the file", oneTensor("F32", "[2]", "[9223372036854775799, 9223372036854775807]", 8), "only 8 bytes of data"),
                Arguments.of("truncated data", oneTensor("F32", "[2]", "[0, 8]", 7), "only 7 bytes of data"),
                Arguments.of("bytes behind the data", oneTensor("F32", "[2]", "[0, 8]", 9), "1 bytes behind the last tensor"),
                Arguments.of("overlap", file("{" + good + ", " + tensor("v", "F32", "[2]", "[4, 12]") + "}", 12), "tensor \"v\" overlaps the data of tensor \"w\""),
                Arguments.of("same data twice", file("{" + good + ", " + tensor("v", "F32", "[2]", "[0, 8]") + "}", 8), "overlaps"),
                Arguments.of("name for a terminal", file("{" + tensor("w\\u001b[2Jx", "F32", "[2]", "[0, 8]") + "}", 8), "control characters (w?[2Jx"),
                Arguments.of("long name", file("{" + tensor("w".repeat(2000), "F32", "[2]", "[0, 8]") + "}", 8), "name has 2000 characters"),
                Arguments.of("hole", file("{" + good + ", " + tensor("v", "F32", "[2]", "[12, 20]") + "}", 20), "begins at byte 12 of the data, expected 8"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostile")
    void isRefusedInOneLineWithThePath(String what, byte[] content, String message) throws IOException {
        Path path = Files.write(dir.resolve("hostile.safetensors"), content);
        assertTimeout(Duration.ofSeconds(1), () -> {
            String is = assertThrows(InputException.class, () -> SafetensorsFile.open(path)).getMessage();
            assertTrue(is.startsWith(path.toString()), is);
            assertTrue(is.contains(message), is);
            assertFalse(is.contains("\n"), is);
        });
        assertFalse(isMapped(path));
    }

    private static boolean isMapped(Path path) throws IOException {
        Path maps = Path.of("/proc/self/maps");
        if (!Files.exists(maps)) {
            return false;
        }
        String name = path.toRealPath().toString();
        try (Stream<String> lines = Files.lines(maps)) {
            return lines.anyMatch(l -> l.endsWith(name));
        }
    }

    @Test
    void missingFileAndFolderAreNamed() {
        Path missing = dir.resolve("none.safetensors");
        assertEquals(missing + ": no such file", assertThrows(InputException.class, () -> SafetensorsFile.open(missing)).getMessage());
        assertEquals(dir + ": is a folder, expected a file", assertThrows(InputException.class, () -> SafetensorsFile.open(dir)).getMessage());
    }

    @Test
    void everyTypeIsWrittenAndReadBack() throws IOException {
        var tensors = new LinkedHashMap<String, TensorType>();
        for (DType type : DType.values()) {
            tensors.put("t." + type.text(), TensorType.fixed(type, 3, 5));
        }
        tensors.put("scalar", TensorType.fixed(DType.F32));
        tensors.put("empty", TensorType.fixed(DType.F32, 0, 4));
        tensors.put("näme \"quoted\"", TensorType.fixed(DType.U8, 7));
        Path path = dir.resolve("all.safetensors");
        byte[] data;
        try (var writer = SafetensorsWriter.create(path, tensors, Map.of("format", "pt"))) {
            data = new byte[(int) writer.dataBytes()];
            for (int i = 0; i < data.length; i++) {
                data[i] = (byte) (i * 7);
            }
            writer.write(ByteBuffer.wrap(data, 0, 10));
            writer.write(MemorySegment.ofArray(data).asSlice(10));
        }
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertEquals(List.copyOf(tensors.keySet()), List.copyOf(file.tensors().keySet()));
            assertEquals(Map.of("format", "pt"), file.metadata());
            byte[] content = Files.readAllBytes(path);
            int at = 0;
            for (var e : file.tensors().entrySet()) {
                assertEquals(tensors.get(e.getKey()), e.getValue().type());
                byte[] bytes = file.extent(e.getKey()).bytes().toArray(ValueLayout.JAVA_BYTE);
                assertArrayEquals(Arrays.copyOfRange(data, at, at + bytes.length), bytes, e.getKey());
                int offset = (int) e.getValue().offset();
                assertArrayEquals(Arrays.copyOfRange(content, offset, offset + bytes.length), bytes, e.getKey());
                at += bytes.length;
            }
            assertEquals(data.length, at);
            assertThrows(InputException.class, () -> file.extent("other"));
        }
        assertFalse(isMapped(path));
    }

    @Test
    void fileWithoutTensorsIsRead() throws IOException {
        Path path = Files.write(dir.resolve("none.safetensors"), file("{}      ", 0));
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertTrue(file.tensors().isEmpty());
        }
    }

    @Test
    void fileOverTwoGigabytesIsMapped() throws IOException {
        Path path = dir.resolve("large.safetensors");
        long first = 3_000_000_000L;
        byte[] header = ("{" + tensor("a", "U8", "[" + first + "]", "[0, " + first + "]") + ", "
                + tensor("b", "U8", "[4]", "[" + first + ", " + (first + 4) + "]") + "}").replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(claiming(header.length, header, 0)));
            channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4}), 8 + header.length + first);
        }
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertEquals(first, file.extent("a").bytes().byteSize());
            assertArrayEquals(new byte[] {1, 2, 3, 4}, file.extent("b").bytes().toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void bytesAreReadOnlyAndGoneAfterClose() throws IOException {
        Path path = Files.write(dir.resolve("w.safetensors"), oneTensor("F32", "[2]", "[0, 8]", 8));
        SafetensorsFile file = SafetensorsFile.open(path);
        MemorySegment bytes = file.extent("w").bytes();
        assertTrue(bytes.isReadOnly());
        assertEquals(Files.exists(Path.of("/proc/self/maps")), isMapped(path));
        file.close();
        file.close();
        assertFalse(isMapped(path));
        assertThrows(IllegalStateException.class, () -> bytes.get(ValueLayout.JAVA_BYTE, 0));
    }

    @Test
    void writerRefusesTooManyAndTooFewBytes() throws IOException {
        var tensors = new LinkedHashMap<>(Map.of("w", TensorType.fixed(DType.F32, 2)));
        var writer = SafetensorsWriter.create(dir.resolve("few.safetensors"), tensors, Map.of());
        writer.write(ByteBuffer.allocate(5));
        assertThrows(IOException.class, () -> writer.write(ByteBuffer.allocate(4)));
        assertTrue(assertThrows(IOException.class, writer::close).getMessage().endsWith("closed after 5 of 8 bytes of tensors"));
        writer.close();
        assertFalse(writer.isOpen());
    }
}
