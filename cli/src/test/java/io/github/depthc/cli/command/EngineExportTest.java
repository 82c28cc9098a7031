// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bundles for other engines. What needs those engines themselves is in {@code tools/check-engines}. */
final class EngineExportTest {
    private static final Path STORIES = repository("samples/checkpoints/stories260k");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LAYERS = 5;
    private static final int HEADS = 4;
    private static final int SIZE = 8;
    private static final int VOCAB = 512;
    /** Entries that a cache has room for. */
    private static final int ROOM = 64;

    @TempDir
    Path temp;

    private Path bundle(Object... options) {
        Path out = temp.resolve("bundle");
        assertEquals(0, run(Stream.concat(Stream.of("convert", STORIES, "-o", out), Stream.of(options)).toArray()).code());
        return out;
    }

    private Path export(Path bundle, String format) {
        Path out = temp.resolve(format);
        Outcome o = run("export", bundle, "--format", format, "-o", out);
        assertEquals(0, o.code(), o.err());
        return out;
    }

    private static TreeSet<String> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).map(f -> folder.relativize(f).toString()).collect(TreeSet::new, TreeSet::add, TreeSet::addAll);
        }
    }

    @Test
    void aTritonRepositoryHasTheGraphItsConfigurationAndAClient() throws IOException {
        Path bundle = bundle();
        Path triton = export(bundle, "triton");
        assertEquals(new TreeSet<>(List.of("README.md", "client.json", "client.py", "config.json", "models/stories260k/1/model.onnx",
                "models/stories260k/1/weights/model.safetensors", "models/stories260k/config.pbtxt", "tokenizer.json", "tokenizer_config.json")), files(triton));
        assertArrayEquals(Files.readAllBytes(bundle.resolve("model.onnx")), Files.readAllBytes(triton.resolve("models/stories260k/1/model.onnx")));
        String client = Files.readString(triton.resolve("client.py"));
        int off = client.indexOf("os.environ[\"ORT_DISABLE_TELEMETRY\"] = \"1\"");
        assertTrue(off > 0 && off < client.indexOf("import onnxruntime"), "ONNX Runtime looks at it when it is loaded");
        List<String> config = Files.readAllLines(triton.resolve("models/stories260k/config.pbtxt"));
        assertEquals(List.of("name: \"stories260k\"", "backend: \"onnxruntime\"", "max_batch_size: 0",
                "input { name: \"input_ids\" data_type: TYPE_INT64 dims: [ -1 ] }"), config.subList(0, 4));
        assertTrue(config.contains("input { name: \"candidates\" data_type: TYPE_BOOL dims: [ -1 ] }"));
        assertTrue(config.contains("input { name: \"cache_lengths\" data_type: TYPE_INT64 dims: [ 5, -1 ] }"));
        assertTrue(config.contains("input { name: \"past_key_values.4.key\" data_type: TYPE_FP32 dims: [ -1, 4, -1, 8 ] }"));
        assertTrue(config.contains("output { name: \"logits\" data_type: TYPE_FP32 dims: [ -1, 512 ] }"));
        JsonNode facts = JSON.readTree(triton.resolve("client.json").toFile());
        assertEquals("prompt dense [2] in_place in_place", facts.at("/candidates").asText() + " " + facts.at("/decode").asText() + " " + facts.at("/eos") + " "
                + facts.at("/caches/0/mode").asText() + " " + facts.at("/caches/4/mode").asText());
    }

    @ParameterizedTest
    @CsvSource({"triton, models/stories260k/1/more.onnx", "triton, models/other/config.pbtxt", "triton, notes.txt", "genai, weights.txt", "genai, 1/model.onnx"})
    void onlyWhatAnExportWroteIsReplaced(String format, String foreign) throws IOException {
        Path bundle = bundle("--layers", "none");
        Path out = export(bundle, format);
        TreeSet<String> own = files(out);
        Files.delete(out.resolve("tokenizer.json"));
        Outcome without = run("export", bundle, "--format", format, "-o", out);
        assertTrue(without.code() == 2 && without.err().contains("exists already; give another output path, or --force"), without.err());
        Files.createDirectories(out.resolve(foreign).getParent());
        Files.writeString(out.resolve(foreign), "mine");
        Outcome refused = run("export", bundle, "--format", format, "-o", out, "--force");
        assertTrue(refused.code() == 2 && refused.err().contains("has " + foreign + " in it, which no export wrote"), refused.err());
        assertEquals("mine", Files.readString(out.resolve(foreign)));
        Files.delete(out.resolve(foreign));
        // of another kind too
        for (String to : List.of(format, format.equals("genai") ? "triton" : "genai", format)) {
            Outcome forced = run("export", bundle, "--format", to, "-o", out, "--force");
            assertEquals(0, forced.code(), forced.err());
        }
        assertEquals(own, files(out));
    }

    @Test
    void howGenaisTokenizerIsToldToBeginTextsIsSaid() {
        Path bundle = bundle("--layers", "none");
        String said = run("export", bundle, "--format", "genai", "-o", temp.resolve("said")).out();
        assertTrue(said.contains("update_options(add_special_tokens=\"true\")"), said);
    }

    /** The graph that onnxruntime-genai is given, fed as it feeds it, says what the bundle says; in both forms of the cache. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theGraphForGenaiGivesTheBundlesTokens(boolean portable) throws IOException, OrtException {
        Path bundle = portable ? bundle("--layers", "none", "--portable") : bundle("--layers", "none");
        JsonNode said = JSON.readTree(run("run", bundle, "--prompt", "Once upon a time", "--max-new-tokens", 30, "--json").out());
        Path genai = export(bundle, "genai");
        JsonNode config = JSON.readTree(genai.resolve("genai_config.json").toFile());
        assertEquals(!portable, config.at("/search/past_present_share_buffer").asBoolean());
        assertEquals("llama model.onnx 5 4 8 512", config.at("/model/type").asText() + " " + config.at("/model/decoder/filename").asText() + " "
                + config.at("/model/decoder/num_hidden_layers") + " " + config.at("/model/decoder/num_key_value_heads") + " " + config.at("/model/decoder/head_size") + " "
                + config.at("/model/vocab_size"));
        List<Integer> ids = ids(said.at("/prompt_ids"));
        OrtEngine.prepare();
        assertEquals(ids(said.at("/output_ids")), generated(genai.resolve("model.onnx"), ids, 30, portable ? 0 : ROOM));
    }

    private static List<Integer> ids(JsonNode list) {
        var ids = new ArrayList<Integer>();
        list.forEach(i -> ids.add(i.intValue()));
        return ids;
    }

    /** Greedy tokens. @param room entries that caches have from the beginning; 0 where they grow */
    private static List<Integer> generated(Path graph, List<Integer> prompt, int tokens, int room) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        var made = new ArrayList<Integer>();
        try (OrtSession session = environment.createSession(graph.toString())) {
            var caches = new HashMap<String, OnnxTensor>();
            for (int l = 0; l < LAYERS; l++) {
                for (String part : List.of("key", "value")) {
                    caches.put(l + "." + part, OnnxTensor.createTensor(environment, FloatBuffer.allocate(HEADS * room * SIZE), new long[] {1, HEADS, room, SIZE}));
                }
            }
            List<Integer> next = prompt;
            int total = 0;
            OrtSession.Result before = null;
            while (made.size() < tokens) {
                total += next.size();
                Map<String, OnnxTensor> inputs = new HashMap<>();
                caches.forEach((name, tensor) -> inputs.put("past_key_values." + name, tensor));
                inputs.put("input_ids", OnnxTensor.createTensor(environment, LongBuffer.wrap(next.stream().mapToLong(i -> i).toArray()), new long[] {1, next.size()}));
                long[] mask = new long[total];
                Arrays.fill(mask, 1);
                inputs.put("attention_mask", OnnxTensor.createTensor(environment, LongBuffer.wrap(mask), new long[] {1, total}));
                OrtSession.Result result = session.run(inputs);
                float[][][] logits = (float[][][]) result.get("logits").orElseThrow().getValue();
                float[] last = logits[0][next.size() - 1];
                assertEquals(VOCAB, last.length);
                made.add(IntStream.range(0, VOCAB).reduce(0, (a, b) -> last[b] > last[a] ? b : a));
                caches.replaceAll((name, old) -> (OnnxTensor) result.get("present." + name).orElseThrow());
                if (before != null) {
                    before.close();
                }
                before = result;
                next = List.of(made.getLast());
            }
        }
        return made;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "genai  |                        | layers [2, 3, 4] are Mixture-of-Depths. Convert with --layers none",
        "triton | --shard-gb 1           | --shard-gb is for --format pmod and gamma",
        "triton | --init-routers         | --init-routers is for --format pmod and gamma",
        "triton | --token-type all       | --token-type is for --format pmod and gamma",
        "trident|                        | expected pmod, gamma, triton or genai"})
    void whatAFormatCannotExpressIsRefused(String format, String options, String message) {
        Path out = temp.resolve("out");
        Object[] more = options == null ? new Object[0] : options.split(" ");
        Outcome o = run(Stream.concat(Stream.of("export", bundle(), "--format", format, "-o", out), Stream.of(more)).toArray());
        assertEquals(2, o.code());
        assertTrue(o.err().contains(message), o.err());
        assertFalse(Files.exists(out));
    }
}
