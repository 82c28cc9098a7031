// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.frontend.Goldens;
import io.github.depthc.frontend.safetensors.SafetensorsWriter;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
    @TempDir
    private Path dir;

    @BeforeEach
    void config() throws IOException {
        Files.writeString(dir.resolve("config.json"), "{\"model_type\": \"llama\"}");
    }

    /** Writes a file of two-element F32 vectors, each {@code [value, -value]}. */
    private void shard(String file, Map<String, Float> values) throws IOException {
        var types = new LinkedHashMap<String, TensorType>();
        values.keySet().forEach(name -> types.put(name, TensorType.fixed(DType.F32, 2)));
        try (var writer = SafetensorsWriter.create(dir.resolve(file), types, Map.of())) {
            for (float v : values.values()) {
                writer.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putFloat(v).putFloat(-v).flip());
            }
        }
    }

    private void index(String... tensorAndShard) throws IOException {
        var map = new StringBuilder();
        for (int i = 0; i < tensorAndShard.length; i += 2) {
            map.append(i == 0 ? "" : ", ").append('"').append(tensorAndShard[i]).append("\": \"").append(tensorAndShard[i + 1]).append('"');
        }
        Files.writeString(dir.resolve("model.safetensors.index.json"), "{\"metadata\": {\"total_size\": 16}, \"weight_map\": {" + map + "}}");
    }

    private String refused() {
        String message = assertThrows(InputException.class, () -> Checkpoint.open(dir)).getMessage();
        assertTrue(message.startsWith(dir.toString()), message);
        assertFalse(message.contains("\n"), message);
        return message;
    }

    private void refusedWith(String part) {
        String message = refused();
        assertTrue(message.contains(part), message);
    }

    @Test
    void singleFile() throws IOException {
        shard("model.safetensors", Map.of("a", 3f));
        Files.writeString(dir.resolve("generation_config.json"), "{\"eos_token_id\": [1, 2]}");
        Files.writeString(dir.resolve("tokenizer.json"), "{}");
        try (Checkpoint c = Checkpoint.open(dir)) {
            assertEquals("llama", c.config().requireString("model_type"));
            assertEquals(List.of(1, 2), c.generationConfig().orElseThrow().optIntOrInts("eos_token_id", 0, 9).orElseThrow());
            assertEquals(List.of(dir.resolve("model.safetensors")), c.files());
            assertEquals(List.of(dir.resolve("tokenizer.json")), c.tokenizerFiles());
            assertEquals(dir, c.dir());
            StoredTensor a = c.tensors().get("a");
            assertEquals(TensorType.fixed(DType.F32, 2), a.type());
            assertEquals(Files.size(a.file()) - 8, a.offset());
            assertArrayEquals(new float[] {3, -3}, WeightReader.floats(c.weight("a"), c));
            assertThrows(InputException.class, () -> c.weight("b"));
            var wrong = new WeightExpr.Stored(Checkpoint.SOURCE, "a", TensorType.fixed(DType.F32, 3));
            String message = assertThrows(InputException.class, () -> c.find(wrong)).getMessage();
            assertTrue(message.endsWith("tensor \"a\" is f32[2], expected f32[3]"), message);
        }
    }

    @Test
    void shards() throws IOException {
        shard("x-2.safetensors", Map.of("a", 1f));
        shard("x-1.safetensors", Map.of("b", 2f));
        index("a", "x-2.safetensors", "b", "x-1.safetensors");
        try (Checkpoint c = Checkpoint.open(dir)) {
            assertEquals(List.of(dir.resolve("x-1.safetensors"), dir.resolve("x-2.safetensors")), c.files());
            assertArrayEquals(new float[] {1, -1}, WeightReader.floats(c.weight("a"), c));
            assertArrayEquals(new float[] {2, -2}, WeightReader.floats(c.weight("b"), c));
            assertTrue(c.generationConfig().isEmpty());
            assertTrue(c.tokenizerFiles().isEmpty());
        }
    }

    @Test
    void unlistedTensorOfAShardIsATensorToo() throws IOException {
        shard("x.safetensors", new LinkedHashMap<>(Map.of("a", 1f, "extra", 2f)));
        index("a", "x.safetensors");
        try (Checkpoint c = Checkpoint.open(dir)) {
            assertTrue(c.tensors().containsKey("extra"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x.safetensors", "/etc/passwd", "sub/x.safetensors", "..", ".", "", "C:x.safetensors", "..\\\\x.safetensors", "x\\u0000.safetensors"})
    void shardPathsOutsideTheFolderAreRefused(String name) throws IOException {
        shard("x.safetensors", Map.of("a", 1f));
        index("a", name);
        refusedWith("\"weight_map.a\" is ");
    }

    @Test
    void missingShardIsNamed() throws IOException {
        shard("x-1.safetensors", Map.of("a", 1f));
        index("a", "x-1.safetensors", "b", "x-2.safetensors");
        assertEquals(dir.resolve("x-2.safetensors") + ": no such file, but model.safetensors.index.json lists it; download the missing shard", refused());
    }

    @Test
    void listedTensorThatTheShardLacksIsNamed() throws IOException {
        shard("x-1.safetensors", Map.of("a", 1f));
        shard("x-2.safetensors", Map.of("c", 1f));
        index("a", "x-1.safetensors", "b", "x-2.safetensors");
        assertEquals(dir.resolve("x-2.safetensors") + ": has no tensor \"b\", but model.safetensors.index.json lists it there", refused());
        index("a", "x-2.safetensors", "c", "x-1.safetensors");
        refusedWith("lists it there; it is in x-1.safetensors");
    }

    @Test
    void tensorInTwoShardsIsNamed() throws IOException {
        shard("x-1.safetensors", Map.of("a", 1f));
        shard("x-2.safetensors", new LinkedHashMap<>(Map.of("a", 1f, "b", 2f)));
        index("a", "x-1.safetensors", "b", "x-2.safetensors");
        refusedWith("has the tensor \"a\", which is also in " + dir.resolve("x-1.safetensors"));
    }

    @Test
    void malformedIndexIsNamed() throws IOException {
        Path index = dir.resolve("model.safetensors.index.json");
        Files.writeString(index, "{}");
        refusedWith("\"weight_map\" is missing");
        Files.writeString(index, "{\"weight_map\": {\"a\": 3}}");
        refusedWith("\"weight_map.a\" is 3, expected a string");
        Files.writeString(index, "{\"weight_map\": {}}");
        refusedWith("lists no tensor");
        Files.writeString(index, "{\"weight_map\": {\"a\": \"x\", \"a\": \"y\"}}");
        refusedWith("Duplicate");
    }

    @Test
    void truncatedShardIsNamed() throws IOException {
        shard("model.safetensors", Map.of("a", 1f));
        byte[] whole = Files.readAllBytes(dir.resolve("model.safetensors"));
        Files.write(dir.resolve("model.safetensors"), Arrays.copyOf(whole, whole.length - 1));
        refusedWith("only 7 bytes of data");
    }

    /** The same tensors with the same bytes as in the safetensors file that they were saved from. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "llama_sharded"})
    void pytorchFilesHoldWhatSafetensorsHold(String name) throws IOException {
        try (Checkpoint expected = Checkpoint.open(Goldens.folder("llama")); Checkpoint found = Checkpoint.open(Goldens.folder("../goldens-pytorch/" + name))) {
            assertEquals(new TreeSet<>(expected.tensors().keySet()), new TreeSet<>(found.tensors().keySet()));
            expected.tensors().keySet().forEach(t -> assertEquals(-1, expected.find(expected.weight(t)).bytes().mismatch(found.find(found.weight(t)).bytes()), t));
        }
    }

    @Test
    void safetensorsComeFirst() throws IOException {
        shard("model.safetensors", Map.of("a", 3f));
        Files.writeString(dir.resolve("pytorch_model.bin"), "never read");
        try (Checkpoint checkpoint = Checkpoint.open(dir)) {
            assertEquals(List.of(dir.resolve("model.safetensors")), checkpoint.files());
        }
    }

    @Test
    void moreFilesAddTensors() throws IOException {
        shard("model.safetensors", Map.of("a", 3f));
        Path projector = Files.copy(Goldens.folder("../goldens-pytorch").resolve("module.bin"), dir.resolve("mm_projector.bin"));
        try (Checkpoint checkpoint = Checkpoint.open(dir, List.of(projector))) {
            assertEquals(Set.of("a", "0.bias", "0.weight", "1.bias", "1.weight"), checkpoint.tensors().keySet());
            assertEquals(projector, checkpoint.tensors().get("0.weight").file());
            assertEquals(4 * 3 * Float.BYTES, checkpoint.find(checkpoint.weight("0.weight")).bytes().byteSize());
        }
        String message = assertThrows(InputException.class, () -> Checkpoint.open(dir, List.of(projector, projector))).getMessage();
        assertTrue(message.contains("which is also in"), message);
    }

    @Test
    void pytorchShardsWithoutAnIndexAreNamedAndHowToConvert() throws IOException {
        Files.writeString(dir.resolve("pytorch_model-00001-of-00002.bin"), "");
        refusedWith("pytorch_model-00001-of-00002.bin");
        refusedWith("save_pretrained");
    }

    @Test
    void foldersThatAreNoneAreNamed() throws IOException {
        refusedWith("has no weights, expected model.safetensors, model.safetensors.index.json, pytorch_model.bin or pytorch_model.bin.index.json; found config.json");
        Path missing = dir.resolve("missing");
        assertEquals(missing + ": no such folder", assertThrows(InputException.class, () -> Checkpoint.open(missing)).getMessage());
        Path file = dir.resolve("config.json");
        assertEquals(file + ": is a file, expected a folder", assertThrows(InputException.class, () -> Checkpoint.open(file)).getMessage());
        Files.delete(file);
        refusedWith("has no config.json");
    }

    @Test
    void configAloneNeedsNoWeights() throws IOException {
        assertEquals("llama", Checkpoint.config(dir).requireString("model_type"));
        assertEquals("llama", Checkpoint.config(dir.resolve("config.json")).requireString("model_type"));
        assertThrows(InputException.class, () -> Checkpoint.config(dir.resolve("other.json")));
    }

    @Test
    void routerFile() throws IOException {
        String name = "model.layers.1.router.router.weight";
        shard("r.safetensors", Map.of(name, 4f));
        Path file = dir.resolve("r.safetensors");
        try (RouterFile routers = RouterFile.open(file)) {
            assertEquals("routers", routers.weight(name).source());
            assertArrayEquals(new float[] {4, -4}, WeightReader.floats(routers.weight(name), routers));
            assertEquals(List.of(name), List.copyOf(routers.tensors().keySet()));
            String message = assertThrows(InputException.class, () -> routers.weight("other")).getMessage();
            assertEquals(file + ": has no tensor \"other\", which the conversion asks for; it has " + name + ": convert the layers that it has"
                    + " routers for, with the style they were trained in", message);
        }
        Path missing = dir.resolve("none.safetensors");
        assertThrows(InputException.class, () -> RouterFile.open(missing));
    }

    @Test
    void aRouterThatLayersShareIsStoredUnderAnyName() throws IOException {
        for (String name : List.of("model.layers.7.router.weight", "router.weight")) {
            shard("r.safetensors", Map.of(name, 4f));
            try (RouterFile routers = RouterFile.open(dir.resolve("r.safetensors"))) {
                assertTrue(routers.tensors().containsKey(RouterFile.SHARED));
                assertArrayEquals(new float[] {4, -4}, WeightReader.floats(routers.weight(RouterFile.SHARED), routers));
                assertArrayEquals(new float[] {4, -4}, WeightReader.floats(routers.weight(name), routers));
            }
        }
    }

    @Test
    void copiesOfASharedRouterAreEqual() throws IOException {
        Path file = dir.resolve("r.safetensors");
        shard("r.safetensors", Map.of("model.layers.1.router.weight", 4f, "model.layers.2.router.weight", 4f));
        RouterFile.open(file).close();
        shard("r.safetensors", Map.of("model.layers.1.router.weight", 4f, "model.layers.2.router.weight", 5f));
        String message = assertThrows(InputException.class, () -> RouterFile.open(file)).getMessage();
        assertTrue(message.startsWith(file + ": tensor \"model.layers.") && message.contains("1.router.weight\"") && message.contains("2.router.weight\"")
                && message.contains("differ, expected copies of one router"), message);
    }

    @Test
    void aFileWithoutRouters() throws IOException {
        shard("r.safetensors", Map.of("model.norm.weight", 4f));
        Path file = dir.resolve("r.safetensors");
        try (RouterFile routers = RouterFile.open(file)) {
            assertEquals(file + ": has no routers among its tensors (model.norm.weight), expected model.layers.N.router.router.weight or"
                    + " model.layers.N.router.weight", assertThrows(InputException.class, routers::requireRouters).getMessage());
        }
    }
}
