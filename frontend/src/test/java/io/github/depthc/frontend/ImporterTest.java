// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.frontend.arch.Configs;
import io.github.depthc.frontend.arch.Size;
import io.github.depthc.frontend.arch.TestCheckpoint;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.verify.Verifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImporterTest {
    /** A checkpoint and its configuration alone give the same graph, and the same list of tensors. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "llama_sharded", "llama_bias", "llama3", "mistral", "qwen2", "qwen2_sliding", "qwen3", "phi3",
            "phi3_longrope", "gemma2", "gemma3", "gemma3_pattern"})
    void checkpointAndConfigurationAgree(String golden) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Goldens.folder(golden))) {
            Model model = Importer.load(checkpoint);
            assertEquals(golden, model.info().name());
            assertEquals(Printer.print(Goldens.model(golden)), Printer.print(model));
            Map<String, TensorType> stored = checkpoint.tensors().entrySet().stream()
                    .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().type()));
            assertEquals(new TreeMap<>(stored), new TreeMap<>(Importer.tensors(checkpoint.config(), DType.F32)));
        }
    }

    @Test
    void weightsKeepTheirElementType() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Goldens.folder("llama_bf16"))) {
            assertTrue(Printer.print(Importer.load(checkpoint)).contains("@checkpoint:\"model.norm.weight\" : bf16[32]"));
            assertEquals(DType.BF16, Importer.dtype(checkpoint));
        }
    }

    static List<String> modelTypes() {
        return Importer.modelTypes();
    }

    @ParameterizedTest
    @MethodSource("modelTypes")
    void everyExampleConfigurationIsValid(String modelType) {
        Model model = Importer.fromConfig(Importer.exampleConfig(modelType, Map.of()), "x");
        assertEquals(modelType, model.info().architecture());
        assertEquals(List.of(), Verifier.check(model, BuiltinOps.SET));
    }

    @ParameterizedTest
    @MethodSource("modelTypes")
    void exampleConfigurationsCanBeResized(String modelType) {
        var sizes = Map.of(Size.HIDDEN, 64, Size.LAYERS, 9, Size.HEADS, 4, Size.INTERMEDIATE, 96, Size.VOCAB, 100, Size.CONTEXT, 256);
        JsonObject config = Importer.exampleConfig(modelType, sizes);
        Model model = Importer.fromConfig(config, "x");
        assertEquals(List.of(), Importer.generationIds(config, Optional.empty()).leftOut());
        assertEquals("ModelInfo[name=x, architecture=" + modelType + ", layers=9, hidden=64, heads=4, kvHeads=4, headDim=16, intermediate=96,"
                + " vocab=100, context=256]", model.info().toString());
    }

    @Test
    void parametersOfAWellKnownModel() {
        long parameters = Importer.tensors(Importer.exampleConfig("llama", Map.of()), DType.F16).values().stream()
                .mapToLong(t -> Arrays.stream(t.fixedShape()).reduce(1, Math::multiplyExact)).sum();
        assertEquals(6_738_415_616L, parameters);
    }

    @Test
    void aTiedHeadMayBeStoredIfItIsTheEmbedding(@TempDir Path dir) throws IOException {
        var checkpoint = new TestCheckpoint(Configs.small("llama", 1, n -> n.put("tie_word_embeddings", true)))
                .with("lm_head.weight", TensorType.fixed(DType.F32, 64, 32));
        try (Checkpoint opened = Checkpoint.open(checkpoint.write(dir))) {
            Importer.load(opened);
        }
        try (Checkpoint opened = Checkpoint.open(checkpoint.value("lm_head.weight", 1).write(dir))) {
            assertEquals(dir.resolve("model.safetensors") + ": tensor \"model.embed_tokens.weight\" f32[64, 32] and tensor \"lm_head.weight\" f32[64, 32]"
                    + " differ, expected equal ones, since the embeddings are tied (tie_word_embeddings in config.json): set that to false to use"
                    + " both", assertThrows(InputException.class, () -> Importer.load(opened)).getMessage());
        }
    }

    @Test
    void generationIds(@TempDir Path dir) throws IOException {
        new TestCheckpoint(Configs.small("llama", 1)).write(dir);
        assertEquals(new GenerationIds(OptionalInt.of(1), List.of(2), List.of()), ids(dir));
        Files.writeString(dir.resolve("generation_config.json"), "{\"eos_token_id\": [7, 9]}");
        assertEquals(new GenerationIds(OptionalInt.of(1), List.of(7, 9), List.of()), ids(dir));
        // The vocabulary has 64.
        Files.writeString(dir.resolve("generation_config.json"), "{\"bos_token_id\": 64, \"eos_token_id\": [7, 64, 63, 7]}");
        Path file = dir.resolve("generation_config.json");
        assertEquals(new GenerationIds(OptionalInt.empty(), List.of(7, 63), List.of(
                file + ": \"bos_token_id\" names 64, outside the vocabulary of 64 ids; that never comes and is left out",
                file + ": \"eos_token_id\" names 64, outside the vocabulary of 64 ids; that never comes and is left out")), ids(dir));
    }

    @Test
    void noGenerationIds(@TempDir Path dir) throws IOException {
        new TestCheckpoint(Configs.small("llama", 1, n -> n.remove(List.of("bos_token_id", "eos_token_id")))).write(dir);
        assertEquals(new GenerationIds(OptionalInt.empty(), List.of(), List.of()), ids(dir));
    }

    private static GenerationIds ids(Path dir) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(dir)) {
            return Importer.generationIds(checkpoint);
        }
    }

    @Test
    void statedElementType() {
        assertEquals(DType.BF16, Importer.statedDType(JsonObject.parse("{\"torch_dtype\": \"bfloat16\"}", "config.json")));
        assertEquals(DType.F16, Importer.statedDType(JsonObject.parse("{\"dtype\": \"float16\"}", "config.json")));
        assertEquals(DType.F32, Importer.statedDType(JsonObject.parse("{}", "config.json")));
    }
}
