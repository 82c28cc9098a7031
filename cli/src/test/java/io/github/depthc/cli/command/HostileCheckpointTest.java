// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import io.github.depthc.frontend.safetensors.SafetensorsFile;
import io.github.depthc.frontend.safetensors.SafetensorsWriter;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints, routers and tokenizers that are not what they should be: one line, exit code 2, nothing written. */
final class HostileCheckpointTest {
    @TempDir
    private Path folder;

    private Path synth(String architecture) {
        return synth(architecture, "f32");
    }

    private Path synth(String architecture, String dtype) {
        Path out = folder.resolve(architecture);
        Outcome o = run("synth", architecture, "--hidden", 32, "--layers", 6, "--heads", 4, "--intermediate", 48, "--vocab", 64, "--context", 128,
                "--dtype", dtype, "-o", out);
        assertEquals(0, o.code(), o.err());
        return out;
    }

    private Path copyOfStories() throws IOException {
        Path out = Files.createDirectory(folder.resolve("stories"));
        try (Stream<Path> files = Files.list(repository("samples/checkpoints/stories260k"))) {
            for (Path file : files.toList()) {
                Files.copy(file, out.resolve(file.getFileName()));
            }
        }
        return out;
    }

    private Outcome converted(Path checkpoint, Object... more) {
        var args = new ArrayList<Object>(List.of("convert", checkpoint, "-o", folder.resolve("bundle"), "--force"));
        args.addAll(Arrays.asList(more));
        return run(args.toArray());
    }

    /** Exit code 2, one line with these words behind progress and remarks, nothing left. */
    private void refused(Outcome o, String... expected) throws IOException {
        assertEquals(2, o.code(), o.err());
        assertFalse(o.out().contains("Wrote"), o.out());
        String[] lines = o.err().lines().toArray(String[]::new);
        for (String words : expected) {
            assertTrue(lines[lines.length - 1].contains(words), o.err());
        }
        assertFalse(o.err().contains("\tat "), o.err());
        try (Stream<Path> files = Files.list(folder)) {
            assertTrue(files.noneMatch(f -> f.getFileName().toString().contains("bundle")), "something was left");
        }
    }

    private static long offset(Path checkpoint, String tensor) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(checkpoint.resolve("model.safetensors"))) {
            return file.tensors().get(tensor).offset();
        }
    }

    private static void poke(Path checkpoint, long at, byte... bytes) throws IOException {
        try (FileChannel c = FileChannel.open(checkpoint.resolve("model.safetensors"), StandardOpenOption.WRITE)) {
            c.write(ByteBuffer.wrap(bytes), at);
        }
    }

    @ParameterizedTest
    @CsvSource({"pmod_llava_llama, 2:10", "mod_llava_llama, 0:12"})
    void syntheticRoutersRoute(String architecture, String candidates) throws IOException {
        Path checkpoint = synth(architecture);
        Outcome o = converted(checkpoint);
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("MoD"), o.out());
        Path bundle = folder.resolve("bundle");
        String ids = "1,5,9,13,17,21,25,29,33,37,41,45";
        JsonNode routed = json(run("run", bundle, "--input-ids", ids, "--candidates", candidates, "--max-new-tokens", 3, "--logprobs", 1, "--json"));
        int least = 12;
        for (JsonNode kept : routed.get("kept_per_layer")) {
            least = Math.min(least, kept.intValue());
        }
        assertTrue(least < 12, routed::toString);
        JsonNode dense = json(run("run", bundle, "--input-ids", ids, "--candidates", "none", "--max-new-tokens", 3, "--logprobs", 1, "--json"));
        assertNotEquals(dense.get("logprobs"), routed.get("logprobs"));
        // The same seed gives the same routers.
        assertEquals(routed.get("logprobs"), again(architecture, checkpoint, ids, candidates));
    }

    private JsonNode again(String architecture, Path before, String ids, String candidates) throws IOException {
        Files.move(before, folder.resolve("first"));
        assertEquals(0, converted(synth(architecture)).code());
        return json(run("run", folder.resolve("bundle"), "--input-ids", ids, "--candidates", candidates, "--max-new-tokens", 3, "--logprobs", 1,
                "--json")).get("logprobs");
    }

    private static JsonNode json(Outcome o) throws IOException {
        assertEquals(0, o.code(), o.err());
        return new ObjectMapper().readTree(o.out());
    }

    @ParameterizedTest
    @CsvSource({"f32, source", "f32, fp32", "bf16, source", "bf16, fp32", "f16, auto"})
    void weightsThatAreNoNumbers(String dtype, String weights) throws IOException {
        Path checkpoint = synth("llama", dtype);
        for (String tensor : List.of("model.layers.3.mlp.down_proj.weight", "model.layers.2.input_layernorm.weight", "lm_head.weight")) {
            byte[] infinity = switch (dtype) {
                case "f32" -> new byte[] {0, 0, (byte) 0x80, 0x7f};
                case "bf16" -> new byte[] {(byte) 0x80, 0x7f};
                default -> new byte[] {0, 0x7c};
            };
            poke(checkpoint, offset(checkpoint, tensor), infinity);
            refused(converted(checkpoint, "--weights", weights), "model.safetensors: tensor \"" + tensor + "\"", "has the value Infinity at [0");
            poke(checkpoint, offset(checkpoint, tensor), new byte[infinity.length]);
        }
        assertEquals(0, converted(checkpoint, "--weights", weights).code());
    }

    @ParameterizedTest
    @CsvSource({"pmod_llava_llama, model.layers.3.router.router.bias", "mod_llava_llama, model.layers.3.router.weight"})
    void routersThatAreNoNumbers(String architecture, String tensor) throws IOException {
        Path checkpoint = synth(architecture);
        poke(checkpoint, offset(checkpoint, tensor), (byte) 1, (byte) 0, (byte) 0xc0, (byte) 0xff);
        refused(converted(checkpoint), "tensor \"" + tensor + "\"", "has the value NaN at [0");
    }

    @Test
    void analyzingWeightsThatAreNoNumbers() throws IOException {
        Path checkpoint = copyOfStories();
        poke(checkpoint, offset(checkpoint, "model.layers.4.mlp.down_proj.weight"), (byte) 0, (byte) 0, (byte) 0xc0, (byte) 0x7f);
        Path text = Files.writeString(folder.resolve("text.txt"), "Once upon a time, there was a little girl named Lily.");
        refused(run("analyze", checkpoint, "--calibration", text), "tensor \"model.layers.4.mlp.down_proj.weight\"", "has the value NaN at [0, 0]");
        refused(converted(checkpoint, "--layers", "arank:2", "--calibration", text), "tensor \"model.layers.4.mlp.down_proj.weight\"");
    }

    /** Finite weights may overflow all the same. */
    @Test
    void outputThatIsNoNumber() throws IOException {
        Path checkpoint = synth("llama");
        long at = offset(checkpoint, "lm_head.weight");
        byte[] huge = new byte[64 * 32 * Float.BYTES];
        var floats = ByteBuffer.wrap(huge).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        while (floats.hasRemaining()) {
            floats.put(3e38f);
        }
        poke(checkpoint, at, huge);
        assertEquals(0, converted(checkpoint).code());
        Outcome o = run("run", folder.resolve("bundle"), "--input-ids", "1,2,3", "--json");
        assertEquals(1, o.code(), o.err());
        assertEquals("", o.out());
        assertEquals(1, o.err().lines().count(), o.err());
        assertTrue(o.err().contains("the model's output is not finite: at position 2 of the sequence the logit of token 0 is "), o.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"not json", "{\"a\": 1}", "", "[]", "{\"model\": {\"type\": \"BPE\""})
    void aTokenizerThatIsNone(String content) throws IOException {
        Path checkpoint = copyOfStories();
        Files.writeString(checkpoint.resolve("tokenizer.json"), content);
        refused(converted(checkpoint), "tokenizer.json: cannot be read as a tokenizer: ");
        refused(converted(checkpoint, "--dry-run"), "tokenizer.json: cannot be read as a tokenizer: ");
    }

    @Test
    void aTokenizerOfAnotherModel() throws IOException {
        Path checkpoint = synth("llama");
        Files.copy(repository("samples/checkpoints/stories260k/tokenizer.json"), checkpoint.resolve("tokenizer.json"));
        refused(converted(checkpoint), "tokenizer.json: has tokens up to id 511, but the model's vocabulary (vocab_size) has 64");
        Files.delete(checkpoint.resolve("tokenizer.json"));
        Files.createDirectory(checkpoint.resolve("tokenizer.json"));
        refused(converted(checkpoint), "tokenizer.json: is a folder, expected a file");
    }

    private Path routers(Map<String, Float> values, int width) throws IOException {
        Path file = folder.resolve("routers.safetensors");
        var types = new LinkedHashMap<String, TensorType>();
        values.keySet().stream().sorted().forEach(n -> types.put(n, TensorType.fixed(DType.F32, n.contains("router.router") ? 1 : 2, width)));
        try (var writer = SafetensorsWriter.create(file, types, Map.of())) {
            for (var t : types.entrySet()) {
                ByteBuffer bytes = ByteBuffer.allocate((int) (t.getValue().fixedShape()[0] * width * Float.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; bytes.hasRemaining(); i++) {
                    bytes.putFloat(values.get(t.getKey()) * (i % 5 - 2));
                }
                writer.write(bytes.rewind());
            }
        }
        return file;
    }

    /** Stored once under the name of a layer, converted or not, or as equal copies: the same bundle each time. */
    @Test
    void oneRouterForAllLayers() throws IOException {
        Path checkpoint = synth("llama");
        var seen = new HashSet<String>();
        for (Map<String, Float> values : List.of(Map.of("model.layers.3.router.weight", 1f), Map.of("model.layers.0.router.weight", 1f),
                Map.of("router.weight", 1f), Map.of("model.layers.3.router.weight", 1f, "model.layers.4.router.weight", 1f))) {
            Outcome o = converted(checkpoint, "--routers", routers(values, 32), "--layers", "3,4");
            assertEquals(0, o.code(), o.err());
            seen.add(json(run("run", folder.resolve("bundle"), "--input-ids", "1,2,3,4", "--max-new-tokens", 2, "--logprobs", 1, "--json"))
                    .get("logprobs").toString());
        }
        assertEquals(1, seen.size(), seen::toString);
    }

    @Test
    void routersThatDoNotFit() throws IOException {
        Path checkpoint = synth("llama");
        Path file = folder.resolve("routers.safetensors");
        Object[] options = {"--routers", file, "--layers", "3,4"};
        routers(Map.of("model.layers.3.router.weight", 1f, "model.layers.4.router.weight", 2f), 32);
        refused(converted(checkpoint, options), file + ": tensor \"model.layers.3.router.weight\"", "\"model.layers.4.router.weight\"", "differ");
        routers(Map.of("model.layers.3.router.weight", 1f), 16);
        refused(converted(checkpoint, options), file + ": tensor \"model.layers.3.router.weight\" is f32[2, 16], expected f32[2, 32]");
        routers(Map.of("model.layers.3.router.router.weight", 1f), 32);
        refused(converted(checkpoint, options), file + ": has no tensor \"model.layers.4.router.router.weight\"");
        routers(Map.of("model.layers.3.router.router.weight", 1f, "model.layers.4.router.router.weight", Float.NaN), 32);
        refused(converted(checkpoint, options), file + ": tensor \"model.layers.4.router.router.weight\"", "has the value NaN");
        routers(Map.of("model.norm.weight", 1f), 32);
        refused(converted(checkpoint, options), file + ": has no routers among its tensors (model.norm.weight)");
    }

    @Test
    void aSharedRouterNamedAfterOtherLayersIsTold() throws IOException {
        Path checkpoint = synth("llama");
        var copies = new LinkedHashMap<String, Float>(Map.of("model.layers.1.router.weight", 1f));
        copies.put("model.layers.3.router.weight", 1f);
        Path file = routers(copies, 32);
        assertTrue(converted(checkpoint, "--routers", file, "--layers", "2,4").err().contains(file
                + ": names the router that layers share after layers [1, 3], but layers [2, 4] are converted and share it."));
        assertFalse(converted(checkpoint, "--routers", file, "--layers", "1,3").err().contains("names the router"));
    }

    @Test
    void routersThatNothingUsesAreNamed() throws IOException {
        Path checkpoint = synth("llama");
        Path file = folder.resolve("routers.safetensors");
        var values = new LinkedHashMap<String, Float>();
        for (int l = 0; l < 6; l++) {
            values.put("model.layers." + l + ".router.router.weight", 1f);
        }
        routers(values, 32);
        Outcome some = converted(checkpoint, "--routers", file, "--layers", "3,4");
        assertEquals(0, some.code(), some.err());
        assertTrue(some.err().contains(file + ": of its tensors, 4 are not used (model.layers.0.router.router.weight, model.layers.1.router.router.weight, "
                + "model.layers.2.router.router.weight, …): no converted layer asks for them."), some.err());
        assertFalse(converted(checkpoint, "--routers", file, "--layers", "all").err().contains("not used"));
        Outcome none = converted(checkpoint, "--routers", file, "--layers", "none");
        assertEquals(2, none.code());
        assertEquals("depthc: --routers has no effect: --layers none converts no layer; remove one or the other\n", none.err());
    }

    @Test
    void aScheduleWithoutEffectIsSaidToBe() throws IOException {
        Path checkpoint = synth("llama");
        Path file = routers(Map.of("router.weight", 1f), 32);
        Outcome o = converted(checkpoint, "--routers", file, "--schedule", "constant(0.5)");
        assertEquals(0, o.code(), o.err());
        assertTrue(o.err().contains("--schedule chooses the layers alone"), o.err());
        assertFalse(converted(checkpoint, "--routers", file).err().contains("--schedule"));
        Outcome refused = converted(checkpoint, "--routers", file, "--schedule", "constant(0.5)", "--layers", "3");
        assertEquals(2, refused.code());
        assertTrue(refused.err().startsWith("depthc: --schedule has no effect: --layers chooses the layers"), refused.err());
    }

    @Test
    void aTokenizerOfAKindThatTheLibraryDoesNotKnow() throws IOException {
        Path checkpoint = copyOfStories();
        Files.writeString(checkpoint.resolve("tokenizer.json"), "{\"version\": \"1.0\", \"model\": {\"type\": \"Quantum\", \"vocab\": {}}}");
        Outcome o = converted(checkpoint);
        refused(o, "tokenizer.json: cannot be read as a tokenizer: its \"model\" is of no kind that the HuggingFace tokenizers library knows; get the file anew");
    }

    @ParameterizedTest
    @ValueSource(strings = {"not json", "{a: 1}", "{\"a\": 1,}", "{\"a\": NaN}", "{\"a\": [1}", "// x\n{}", "{\"a\": \"\t\"}", "{} {}", "{\"a\"", "{\"a\": 01}", "{'a': 1}",
        "{\"a\": tru}", "{\"a\" 1}", "\u001f{}", "{\"a\": \"\\x\"}"})
    void whatIsNoJsonIsSaidInPlainWords(String text) throws IOException {
        Path checkpoint = synth("llama");
        Files.writeString(checkpoint.resolve("config.json"), text);
        Outcome o = converted(checkpoint);
        refused(o, "config.json");
        for (String word : List.of("`", "Feature", "CTRL", "JSON String", "Source", "start marker", "(code ", "ALLOW_", "maybe")) {
            assertFalse(o.err().contains(word), o.err());
        }
    }

    /** Damage by chance: each file of a small checkpoint is flipped, cut or extended somewhere. */
    @Test
    void flippedCutAndExtendedFiles() throws IOException {
        Path checkpoint = synth("llama");
        Files.copy(repository("samples/checkpoints/stories260k/generation_config.json"), checkpoint.resolve("generation_config.json"));
        var random = new Random(20260102);
        List<String> files = List.of("config.json", "model.safetensors", "generation_config.json");
        for (int i = 0; i < 150; i++) {
            Path file = checkpoint.resolve(files.get(i % files.size()));
            byte[] whole = Files.readAllBytes(file);
            byte[] changed = switch (random.nextInt(4)) {
                case 0 -> Arrays.copyOf(whole, random.nextInt(whole.length));
                case 1 -> Arrays.copyOf(whole, whole.length + 1 + random.nextInt(100));
                default -> whole.clone();
            };
            if (changed.length == whole.length) {
                // Of weights mostly the header.
                changed[random.nextInt(random.nextBoolean() ? Math.min(whole.length, 1000) : whole.length)] ^= (byte) (1 << random.nextInt(8));
            }
            Files.write(file, changed);
            Outcome o = converted(checkpoint);
            String what = "case " + i + ": " + o.err();
            assertTrue(o.code() == 0 || o.code() == 2, what);
            assertFalse(o.err().contains("internal error"), what);
            assertFalse(o.err().contains("\tat "), what);
            Files.write(file, whole);
        }
        assertEquals(0, converted(checkpoint).code());
    }

    @Test
    void filesThatAreNone() throws IOException {
        Path checkpoint = synth("llama");
        Path config = checkpoint.resolve("config.json");
        byte[] whole = Files.readAllBytes(config);
        Files.delete(config);
        Files.createSymbolicLink(config, config.getFileName());
        refused(converted(checkpoint), "config.json: is a link that leads to no file");
        Files.delete(config);
        Files.createDirectory(config);
        refused(converted(checkpoint), "config.json: is a folder, expected a file");
        Files.delete(config);
        try (var sparse = new RandomAccessFile(config.toFile(), "rw")) {
            sparse.setLength(1L << 30);
        }
        refused(converted(checkpoint), "config.json: has 1073741824 bytes, expected JSON of at most");
        Files.write(config, whole);
        Path weights = checkpoint.resolve("model.safetensors");
        Files.move(weights, checkpoint.resolve("elsewhere"));
        Files.createSymbolicLink(weights, weights.getFileName());
        refused(converted(checkpoint), "model.safetensors: is a link that leads to no file");
        Files.delete(weights);
        Files.createDirectory(weights);
        refused(converted(checkpoint), "model.safetensors: is a folder, expected a file");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "\"vocab_size\" : 64 | \"vocab_size\" : 0 | \"vocab_size\" is 0, expected an integer from 1",
        "\"head_dim\" : 8 | \"head_dim\" : 7 | \"head_dim\" is 7, expected a size of which an even number",
        "\"rope_scaling\" : null | \"rope_scaling\" : {\"rope_type\": \"spiral\"} | \"rope_scaling.rope_type\" is \"spiral\", expected one of default",
        "\"rope_scaling\" : null | \"rope_scaling\" : \"none\" | \"rope_scaling\" is \"none\", expected an object",
        "\"hidden_size\" : 32 | \"hidden_size\" : 32, \"hidden_size\" : 64 | Duplicate field 'hidden_size'",
        "\"num_hidden_layers\" : 6 | \"num_hidden_layers\" : 7 | tensor \"model.layers.6.input_layernorm.weight\" is missing",
        "\"num_hidden_layers\" : 6 | \"num_hidden_layers\" : 10000 | \"num_hidden_layers\" is 10000, expected an integer from 1 to 1024",
        "\"tie_word_embeddings\" : false | \"tie_word_embeddings\" : true | differ, expected equal ones, since the embeddings are tied",
        "\"rms_norm_eps\" : 1.0E-5 | \"rms_norm_eps\" : NaN | expected strict JSON",
        "\"bos_token_id\" : 1 | \"bos_token_id\" : \"one\" | \"bos_token_id\" is \"one\", expected an integer",
        "\"vocab_size\" : 64 | \"vocab_size\" : 67108864 | model.embed_tokens.weight",
    })
    void configurationsThatCannotBe(String found, String replaced, String expected) throws IOException {
        Path checkpoint = synth("llama");
        Path config = checkpoint.resolve("config.json");
        String text = Files.readString(config);
        assertTrue(text.contains(found), text);
        Files.writeString(config, text.replace(found, replaced));
        refused(converted(checkpoint), expected);
    }

    @Test
    void anIndexOfTooManyShards() throws IOException {
        Path checkpoint = synth("llama");
        Files.delete(checkpoint.resolve("model.safetensors"));
        var index = new StringBuilder("{\"weight_map\": {");
        for (int i = 0; i < 200_000; i++) {
            index.append(i == 0 ? "" : ",").append("\"t").append(i).append("\":\"s").append(i).append("\"");
        }
        Files.writeString(checkpoint.resolve("model.safetensors.index.json"), index.append("}}"));
        refused(converted(checkpoint), "model.safetensors.index.json: lists 200000 shards, expected at most 4000");
    }
}
