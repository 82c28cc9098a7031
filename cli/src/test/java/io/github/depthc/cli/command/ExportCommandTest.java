// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** There and back: checkpoint, bundle, checkpoint, bundle. */
final class ExportCommandTest {
    private static final Path STORIES = repository("samples/checkpoints/stories260k");
    private static final Path GOLDENS = repository("integration/src/test/resources/goldens-mod");
    private static final String IDS = "1,5,9,20,33,7,8,50,60,44,13,21,30,2,3,4,17,19,40,41";

    @TempDir
    Path temp;

    /** All but the one whose gate is the score itself, of which the bundle has no router left. */
    static Stream<Path> goldens() throws IOException {
        return Files.list(GOLDENS).filter(f -> Files.isDirectory(f) && !f.endsWith("pmod-interleave-none")).sorted().map(Path::getFileName);
    }

    private static String format(Path checkpoint) {
        return checkpoint.getFileName().toString().startsWith("pmod") ? "pmod" : "gamma";
    }

    private Path bundle(Path checkpoint, String name, Object... more) {
        Path out = temp.resolve(name);
        assertEquals(0, run(Stream.concat(Stream.of("convert", checkpoint, "-o", out), Stream.of(more)).toArray()).code());
        return out;
    }

    private Path export(Path bundle, String name, Object... more) {
        Path out = temp.resolve(name);
        Outcome o = run(Stream.concat(Stream.of("export", bundle, "-o", out), Stream.of(more)).toArray());
        assertEquals(0, o.code(), o.err());
        return out;
    }

    private byte[] logits(Path bundle, String candidates) throws IOException {
        Path file = temp.resolve("logits.safetensors");
        Outcome o = run("run", bundle, "--input-ids", IDS, "--candidates", candidates, "--max-new-tokens", 1, "--save-logits", file);
        assertEquals(0, o.code(), o.err());
        return Files.readAllBytes(file);
    }

    private JsonNode generated(Path bundle, String candidates) throws IOException {
        JsonNode o = new ObjectMapper().readTree(run("run", bundle, "--input-ids", IDS, "--candidates", candidates, "--max-new-tokens", 8, "--json").out());
        return ((com.fasterxml.jackson.databind.node.ObjectNode) o).retain("output_ids", "kept_per_layer", "cache_lengths");
    }

    /** Every tensor of the exported checkpoint is that of the original, byte for byte. */
    private static void assertSameTensors(Path original, Path exported) throws IOException {
        try (Checkpoint a = Checkpoint.open(original); Checkpoint b = Checkpoint.open(exported)) {
            String router = a.tensors().keySet().stream().filter(n -> n.endsWith("router.weight") && !n.contains("router.router")).findFirst().orElse(null);
            for (String name : b.tensors().keySet()) {
                String from = a.tensors().containsKey(name) ? name : router;
                assertEquals(a.tensors().get(from).type(), b.tensors().get(name).type(), name);
                assertEquals(-1, a.find(a.weight(from)).bytes().mismatch(b.find(b.weight(name)).bytes()), name);
            }
            for (String name : a.tensors().keySet()) {
                assertTrue(b.tensors().containsKey(name) || name.endsWith("inv_freq"), name);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void theSameLogitsAfterThereAndBack(Path name) throws IOException {
        Path golden = GOLDENS.resolve(name);
        Path first = bundle(golden, "first");
        Path exported = temp.resolve("exported");
        Outcome o = run("export", first, "-o", exported, "--format", format(name));
        assertTrue(o.code() == 0 && !o.err().contains("graph is not the one"), o.err());
        assertSameTensors(golden, exported);
        Path second = bundle(exported, "second");
        String candidates = format(name).equals("pmod") ? "3:17" : "0:20";
        assertArrayEquals(logits(first, candidates), logits(second, candidates));
        assertEquals(generated(first, candidates), generated(second, candidates));
    }

    /** Written out in F32 there is another file, and no tensor in it that the graph does not use. */
    @Test
    void fromWeightsWrittenOut() throws IOException {
        Path golden = GOLDENS.resolve("pmod-cos-gqa");
        Path first = bundle(golden, "first", "--weights", "fp32");
        Outcome o = run("export", first, "-o", temp.resolve("exported"), "--format", "pmod");
        assertTrue(o.err().contains("The weights are in F32") && o.err().contains("no tensors of the vision tower and the projector"), o.err());
        try (Checkpoint exported = Checkpoint.open(temp.resolve("exported"))) {
            assertFalse(exported.tensors().containsKey("model.image_newline"));
            assertEquals("float32", exported.config().requireString("torch_dtype"));
        }
        assertArrayEquals(logits(first, "3:17"), logits(bundle(temp.resolve("exported"), "second"), "3:17"));
    }

    @ParameterizedTest
    @CsvSource({"pmod_llava_llama, pmod, bf16, bfloat16", "mod_llava_llama, gamma, f16, float16"})
    void sixteenBitWeightsInShards(String type, String format, String stored, String hugging) throws IOException {
        Path original = temp.resolve("original");
        assertEquals(0, run("synth", type, "--hidden", 32, "--layers", 6, "--heads", 4, "--intermediate", 48, "--vocab", 64, "--dtype", stored,
                "-o", original).code());
        Path first = bundle(original, "first", "--weights", "source");
        Path exported = export(first, "exported", "--format", format, "--shard-gb", 2e-5);
        assertSameTensors(original, exported);
        assertTrue(Files.list(exported).filter(f -> f.toString().endsWith(".safetensors")).count() > 3);
        assertEquals(hugging, Checkpoint.config(exported).requireString("torch_dtype"));
        assertArrayEquals(logits(first, "3:17"), logits(bundle(exported, "second", "--weights", "source"), "3:17"));
        // through F32, exactly
        Path wide = export(bundle(original, "third", "--weights", "fp32"), "wide", "--format", format);
        assertEquals("float32", Checkpoint.config(wide).requireString("torch_dtype"));
        assertArrayEquals(logits(temp.resolve("third"), "3:17"), logits(bundle(wide, "fourth"), "3:17"));
    }

    /** What a pass does without a weight of its own shows in the graph alone. */
    @Test
    void aGraphOfOtherPassesIsTold() {
        Path routers = temp.resolve("routers");
        run("synth", "mod_llava_llama", "--hidden", 64, "--layers", 5, "--heads", 8, "--kv-heads", 4, "--intermediate", 172, "--vocab", 512, "-o", routers);
        Path first = bundle(STORIES, "first", "--routers", routers.resolve("model.safetensors"), "--pipeline",
                "select-layers{rule=odd},schedule{select=false},convert-to-mod{style=gamma},lower-mod");
        Outcome o = run("export", first, "--format", "gamma", "-o", temp.resolve("exported"));
        assertTrue(o.code() == 0 && o.err().startsWith("The bundle's graph is not the one that this checkpoint compiles to ("), o.err());
    }

    /** A dense model with trained routers of its own file. */
    @Test
    void routersThatWereGiven() throws IOException {
        Path routers = temp.resolve("routers");
        assertEquals(0, run("synth", "mod_llava_llama", "--hidden", 64, "--layers", 5, "--heads", 8, "--kv-heads", 4, "--intermediate", 172, "--vocab", 512,
                "-o", routers).code());
        Path first = bundle(STORIES, "first", "--routers", routers.resolve("model.safetensors"), "--style", "gamma", "--layers", "1,3");
        Path exported = export(first, "exported", "--format", "gamma");
        assertTrue(Files.exists(exported.resolve("tokenizer.json")));
        assertArrayEquals(logits(first, "0:20"), logits(bundle(exported, "second"), "0:20"));
    }

    @Test
    void newRoutersKeepTheDenseModelAndSayWhatChanges() throws IOException {
        Path first = bundle(STORIES, "first", "--layers", "odd", "--schedule", "constant(0.5)");
        Outcome without = run("export", first, "--format", "pmod", "-o", temp.resolve("exported"));
        assertEquals(2, without.code());
        assertTrue(without.err().contains("has no routers (layer 1 selects by even spacing)") && without.err().contains("--init-routers"), without.err());
        Outcome with = run("export", first, "--format", "pmod", "--init-routers", "-o", temp.resolve("exported"));
        assertTrue(with.code() == 0 && with.err().contains("no longer what selected in the bundle"), with.err());
        Path second = bundle(temp.resolve("exported"), "second");
        assertArrayEquals(logits(first, "none"), logits(second, "none"));
        assertEquals(generated(first, "1:19").get("kept_per_layer"), generated(second, "1:19").get("kept_per_layer"));
    }

    @Test
    void thePublishedScheduleIsWhatADefaultConversionOf32LayersHas() throws IOException {
        Path dense = temp.resolve("dense");
        run("synth", "llama", "--layers", 32, "--hidden", 16, "--heads", 2, "--intermediate", 16, "--vocab", 64, "-o", dense);
        Path exported = export(bundle(dense, "first"), "exported", "--format", "pmod", "--init-routers", "--token-type", "all");
        assertEquals("shiftedcos_decay_0.85_0.15", Checkpoint.config(exported).requireString("mod_target_layers"));
        assertEquals("all", Checkpoint.config(exported).requireString("mod_target_token_type"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "prd default | --layers prd                                                                                            | pmod  | keeps the ratios 2: 0.5, 3: 0.15, 4: 0.15 of its 5 layers",
        "no layer    | --layers none                                                                                           | pmod  | has no Mixture-of-Depths layer",
        "layer 0     | --layers 0,2 --schedule constant(0.5)                                                                    | pmod  | layer 0 routes tokens",
        "kept KV     | --pipeline select-layers{rule=odd},schedule{kind=constant,ratio=0.5,select=false},convert-to-mod{kv=keep} | pmod  | layer 1 keeps the keys and values of skipped tokens",
        "no routers  | --layers odd                                                                                            | gamma | layer 1 has no trained router",
    })
    void whatTheFormatCannotExpressIsRefusedAndNothingIsLeft(String what, String options, String format, String message) {
        Path first = bundle(STORIES, "first", (Object[]) options.split(" "));
        Path out = temp.resolve("exported");
        Outcome o = run(Stream.concat(Stream.of("export", first, "--format", format, "-o", out), format.equals("pmod") ? Stream.of("--init-routers")
                : Stream.of()).toArray());
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains(message) && o.err().lines().count() == 1, o.err());
        assertFalse(Files.exists(out));
    }

    @Test
    void theGateThatIsTheScoreHasLostItsRouter() {
        Outcome o = run("export", bundle(GOLDENS.resolve("pmod-interleave-none"), "first"), "--format", "pmod", "-o", temp.resolve("x"));
        assertTrue(o.code() == 2 && o.err().contains("layer 1 has the score itself as gate (mod_weight_norm none)"), o.err());
    }

    @Test
    void onlyAnExportedCheckpointIsReplaced() throws IOException {
        Path golden = GOLDENS.resolve("pmod-cos");
        Path first = bundle(golden, "first");
        Path out = export(first, "exported", "--format", "pmod");
        assertTrue(run("export", first, "--format", "pmod", "-o", out).err().contains("exists already; give another output path, or --force"));
        Path own = Files.writeString(out.resolve("trainer_state.json"), "{}");
        assertTrue(run("export", first, "--format", "pmod", "-o", out, "--force").err().contains("has trainer_state.json in it, which no export wrote"));
        Files.delete(own);
        export(first, "exported", "--format", "pmod", "--force", "--shard-gb", "0.0001");
        assertTrue(Files.exists(out.resolve("model.safetensors.index.json")) && !Files.exists(out.resolve("model.safetensors")));
        export(first, "exported", "--format", "pmod", "--force");
        assertFalse(Files.exists(out.resolve("model.safetensors.index.json")));
        assertTrue(run("export", first, "--format", "pmod", "-o", first, "--force").err().contains("is nothing that an export wrote"));
        Path dense = temp.resolve("dense");
        run("synth", "llama", "--layers", 1, "--hidden", 16, "--heads", 2, "--intermediate", 16, "--vocab", 64, "-o", dense);
        assertTrue(run("export", first, "--format", "pmod", "-o", dense, "--force").err().contains("is not replaced"));
        Path inside = Files.createDirectory(temp.resolve("outer"));
        Files.copy(golden.resolve("config.json"), inside.resolve("config.json"));
        Path nested = bundle(golden, "outer/bundle");
        assertTrue(run("export", nested, "--format", "pmod", "-o", inside, "--force").err().contains("has the bundle in it"));
        try (Stream<Path> left = Files.list(temp)) {
            assertTrue(left.noneMatch(f -> f.getFileName().toString().startsWith(".")));
        }
    }

    @Test
    void oneObjectForPrograms() throws IOException {
        Path first = bundle(GOLDENS.resolve("gamma-arank"), "first");
        JsonNode o = new ObjectMapper().readTree(run("export", first, "--format", "gamma", "-o", temp.resolve("x"), "--json").out());
        assertEquals("mod_llava_llama", o.get("model_type").textValue());
        assertEquals("f32", o.get("dtype").textValue());
        assertTrue(o.get("tensors").intValue() > 10 && o.get("notes").isArray());
    }
}
