// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.pytorch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.frontend.safetensors.SafetensorsFile;
import io.github.depthc.frontend.tensorfile.TensorEntry;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The goldens are made by PyTorch: see tools/goldens. */
final class PytorchFileTest {
    private static final int MUTATIONS = 1000;
    /** A float tensor of two elements under "w", protocol 2: what is between the parts is filled in by the tests. */
    private static final String STORAGE = "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuK\2tQ";
    private static final String REBUILD = "ctorch._utils\n_rebuild_tensor_v2\n";
    private static final String REST = "\u0089ccollections\nOrderedDict\n)RtR";

    @TempDir
    private Path dir;

    private static Path golden(String name) {
        try {
            return Path.of(PytorchFileTest.class.getResource("/goldens-pytorch/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** A pickle of one tensor with this offset, shape and strides, each as instructions. */
    private static byte[] pickle(String offset, String shape, String strides) {
        return latin("\u0080\2}X\1\0\0\0w" + REBUILD + "(" + STORAGE + offset + shape + strides + REST + "s.");
    }

    private static TestZip tensor(String offset, String shape, String strides) {
        return TestZip.of(pickle(offset, shape, strides)).with("a/data/0", new byte[8]);
    }

    private String problem(byte[] content) throws IOException {
        Path file = Files.write(dir.resolve("x.bin"), content);
        String message = assertTimeoutPreemptively(Duration.ofSeconds(2), () -> assertThrows(InputException.class, () -> PytorchFile.open(file).close())).getMessage();
        assertFalse(message.chars().anyMatch(Character::isISOControl), message);
        assertTrue(message.startsWith(file + ": "), message);
        return message.substring(file.toString().length() + 2);
    }

    @ParameterizedTest
    @CsvSource({"dtypes.bin,dtypes", "protocol4.pt,dtypes", "nested.pt,dtypes", "shared.bin,shared", "module.bin,module", "parameters.bin,module"})
    void findsWhatTorchSaved(String name, String expected) throws IOException {
        try (PytorchFile found = PytorchFile.open(golden(name)); SafetensorsFile truth = SafetensorsFile.open(golden(expected + ".safetensors"))) {
            assertEquals(truth.tensors().keySet().stream().sorted().toList(), found.tensors().keySet().stream().sorted().toList());
            truth.tensors().forEach((tensor, entry) -> {
                assertEquals(entry.type(), found.tensors().get(tensor).type(), tensor);
                assertEquals(-1, truth.extent(tensor).bytes().mismatch(found.extent(tensor).bytes()), tensor);
            });
        }
    }

    @Test
    void sharesWhatIsStoredOnce() throws IOException {
        try (PytorchFile file = PytorchFile.open(golden("shared.bin"))) {
            long all = file.tensors().get("all").offset();
            assertEquals(all, file.tensors().get("same").offset());
            assertEquals(all + 16 * Float.BYTES, file.tensors().get("tail").offset());
            assertEquals(all, file.extent("all").offset());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            attack.bin | the pickle asks for posix.system, which tensors do not need and which could run code; nothing of it was run
            evaluated.bin | the pickle asks for __builtin__.eval, which
            whole_module.bin | the pickle asks for torch.nn.modules.container.Sequential, which
            float8.bin | the pickle asks for torch._utils._rebuild_tensor_v3, a kind of tensor that is not supported; expected dense ones of floats
            transposed.bin | tensor "turned" has the strides [1, 4] for the shape [4, 6]
            strided.bin | tensor "column" has the strides [4, 1] for the shape [6, 2]: it is a view of other data
            legacy.bin | is of the format that PyTorch wrote before version 1.6
            script.pt | is a TorchScript program
            list.bin | holds a list, expected a dict of names and tensors
            """)
    void refusesWhatIsNoMapOfTensors(String name, String message) {
        String found = assertThrows(InputException.class, () -> PytorchFile.open(golden(name)).close()).getMessage();
        assertTrue(found.startsWith(golden(name) + ": " + message), found);
    }

    @Test
    void aPointerOfGitLfsIsNamed() throws IOException {
        assertEquals("is a Git LFS pointer, not the data; fetch it with `git lfs pull`",
                problem("version https://git-lfs.github.com/spec/v1\noid sha256:0\n".getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void readsZip64() throws IOException {
        byte[] bytes = tensor("K\0", "K\2\u0085", "K\1\u0085").zip64().bytes();
        try (PytorchFile file = PytorchFile.open(Files.write(dir.resolve("x.bin"), bytes))) {
            TensorEntry entry = file.tensors().get("w");
            assertEquals(TensorType.fixed(DType.F32, 2), entry.type());
            assertEquals(8, entry.bytes());
        }
    }

    static Stream<Arguments> lies() {
        String shape = "K\2\u0085";
        String stride = "K\1\u0085";
        return Stream.of(
                Arguments.of("offset", tensor("K\1", shape, stride), "takes 2 elements from element 1 on, but its storage has 2"),
                Arguments.of("negative offset", tensor("J\u00ff\u00ff\u00ff\u00ff", shape, stride), "takes 2 elements from element -1 on"),
                Arguments.of("shape", tensor("K\0", "K\3\u0085", stride), "takes 3 elements from element 0 on, but its storage has 2"),
                Arguments.of("huge shape", tensor("K\0", "\u008a\10\0\0\0\0\0\0\0\100\u008a\10\0\0\0\0\0\0\0\100\u0086", stride), "which is impossible"),
                Arguments.of("negative shape", tensor("K\0", "J\u00ff\u00ff\u00ff\u00ff\u0085", stride), "which is impossible"),
                Arguments.of("strides", tensor("K\0", shape, ")"), "has the strides [] for the shape [2]"),
                Arguments.of("zero stride", tensor("K\0", shape, "K\0\u0085"), "has the strides [0] for the shape [2]"),
                Arguments.of("short storage", TestZip.of(pickle("K\0", shape, stride)).with("a/data/0", new byte[4]), "is of a storage of 2 F32, but a/data/0 has 4 bytes"),
                Arguments.of("long storage", TestZip.of(pickle("K\0", shape, stride)).with("a/data/0", new byte[12]), "is of a storage of 2 F32, but a/data/0 has 12 bytes"),
                Arguments.of("a number for a name", TestZip.of(latin(new String(pickle("K\0", shape, stride), StandardCharsets.ISO_8859_1).replace("X\1\0\0\0w", "K\5")))
                        .with("a/data/0", new byte[8]), "has a tensor under an integer, expected a name, a string"),
                Arguments.of("no storage", TestZip.of(pickle("K\0", shape, stride)), "has its data in a/data/0, which the archive lacks"),
                Arguments.of("entry beyond the file", tensor("K\0", shape, stride).claiming(1 << 30), "its entry a/data/0 claims 1073741824 bytes"),
                Arguments.of("entry of 2^63", tensor("K\0", shape, stride).zip64().claiming(Long.MAX_VALUE), "its entry a/data/0 claims 9223372036854775807 bytes"),
                Arguments.of("compressed", tensor("K\0", shape, stride).method("a/data.pkl", 8), "has the entry a/data.pkl compressed (method 8), expected it stored as it is"),
                Arguments.of("compressed data", tensor("K\0", shape, stride).method("a/data/0", 8), "has the entry a/data/0 compressed (method 8), expected it stored as it is"),
                Arguments.of("big endian", tensor("K\0", shape, stride).with("a/byteorder", latin("big")), "has data of the byte order \"big\", expected little"),
                Arguments.of("all compressed", tensor("K\0", shape, stride).with("a/byteorder", latin("pc!")).method("a/byteorder", 8).method("a/data.pkl", 8),
                        "has the entry a/data.pkl compressed (method 8), expected it stored as it is"),
                Arguments.of("compressed byte order", tensor("K\0", shape, stride).with("a/byteorder", latin("pc!")).method("a/byteorder", 8),
                        "has the entry a/byteorder compressed (method 8), expected it stored as it is"),
                Arguments.of("no pickle", new TestZip().with("a/b", new byte[1]), "is a zip archive with no data.pkl"),
                Arguments.of("two pickles", tensor("K\0", shape, stride).with("b/data.pkl", new byte[1]), "is a zip archive with more than one data.pkl"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("lies")
    void refusesWhatContradictsItself(String name, TestZip zip, String message) throws IOException {
        String found = problem(zip.bytes());
        assertTrue(found.contains(message), found);
    }

    static Stream<Arguments> programs() {
        return Stream.of(
                Arguments.of("cos\nsystem\n(X\2\0\0\0lstR.", "asks for os.system"),
                Arguments.of("cbuiltins\neval\n.", "asks for builtins.eval"),
                Arguments.of("\u008c\10builtins\u008c\4exec\u0093.", "asks for builtins.exec"),
                Arguments.of("c\u001b[31m\nx\n.", "asks for ?[31m.x"),
                Arguments.of("c\u009b31m\nx\n.", "asks for ?31m.x"),
                Arguments.of("(ios\nsystem\n.", "uses the instruction INST"),
                Arguments.of("(o.", "uses the instruction OBJ"),
                Arguments.of("))\u0081.", "uses the instruction NEWOBJ"),
                Arguments.of("\u0082\1.", "uses the instruction EXT1"),
                Arguments.of("\u00fe.", "uses the instruction 0xfe"),
                Arguments.of("ctorch\nFloatStorage\n)R.", "calls torch.FloatStorage"),
                Arguments.of("K\1)R.", "calls an integer"),
                Arguments.of("ccollections\nOrderedDict\n]\u0085R.", "makes an OrderedDict of a list"),
                Arguments.of("K\1}b.", "has an integer where a dict was expected"),
                Arguments.of("K\1Q.", "has an integer where a tuple was expected"),
                Arguments.of("h\7.", "takes value 7 from its memory"),
                Arguments.of("R.", "takes a value that is not there"),
                Arguments.of("t.", "takes values up to a mark that is not there"),
                Arguments.of("(.", "takes a value that is not there"),
                Arguments.of("}", "ends in the middle of an instruction"),
                Arguments.of("X\u00ff\u00ff\u00ff\177a", "ends in the middle of an instruction"),
                Arguments.of("X\1\0\0\0\u00ff.", "is not UTF-8"),
                Arguments.of("\u008a\11\0\0\0\0\0\0\0\0\1.", "has an integer of 9 bytes"),
                Arguments.of("\u0080\1.", "is of pickle protocol 1"),
                Arguments.of("c" + "x".repeat(1000) + "\n.", "has a name of more than 300 characters"),
                Arguments.of("}X\1\0\0\0aK\1sh\0.", "takes value 0 from its memory"));
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("programs")
    void refusesProgramsThatMakeNoMapOfTensors(String program, String message) throws IOException {
        String found = problem(TestZip.of(latin(program)).bytes());
        assertTrue(found.contains(message), found);
    }

    /** Values that hold themselves, and values shared until they are as many as atoms, cost nothing. */
    @Test
    void survivesValuesThatHoldThemselves() throws IOException {
        assertEquals("has a dict under \"a\" beside its tensors, expected tensors only", problem(TestZip.of(latin("}q\0X\1\0\0\0ah\0s.")).bytes()));
        var laughs = new StringBuilder(")q\0");
        for (int i = 0; i < 200; i++) {
            laughs.append("h").append((char) i).append("h").append((char) i).append("\u0086q").append((char) (i + 1));
        }
        assertTrue(problem(TestZip.of(latin(laughs + ".")).bytes()).startsWith("holds a tuple of 2"));
    }

    @Test
    void limitsWhatAPickleMayTake() throws IOException {
        assertTrue(problem(TestZip.of(latin("}".repeat(3_000_000))).bytes()).contains("has more than 1000000 values"));
        assertTrue(problem(TestZip.of(latin("(".repeat(3_000_000))).bytes()).contains("has more than 1000000 values"));
        assertTrue(problem(TestZip.of(new byte[64_000_001]).bytes()).contains("has a pickle of 64000001 bytes"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dtypes.bin", "module.bin", "protocol4.pt"})
    void survivesMutations(String name) throws IOException {
        byte[] whole = Files.readAllBytes(golden(name));
        var random = new Random(name.hashCode());
        Path file = dir.resolve("x.bin");
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] damaged = random.nextInt(5) == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int n = random.nextInt(1, 6); n > 0 && damaged.length > 0; n--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            Files.write(file, damaged);
            try (PytorchFile opened = PytorchFile.open(file)) {
                opened.tensors().keySet().forEach(n -> opened.extent(n).bytes().byteSize());
            } catch (InputException e) {
                refused++;
                assertTrue(e.getMessage().startsWith(file + ": ") && !e.getMessage().contains("\n"), e.getMessage());
            }
        }
        assertTrue(refused > MUTATIONS / 10, "refused " + refused);
    }
}
