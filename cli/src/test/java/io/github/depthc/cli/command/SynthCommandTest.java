// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SynthCommandTest {
    @TempDir
    private Path folder;

    @Test
    void aSyntheticModelOfImagesHasWhatPreparesThem() throws IOException {
        for (String type : new String[] {"llava", "llava_next"}) {
            Path checkpoint = folder.resolve(type);
            assertEquals("", run("synth", type, "--hidden", 16, "--layers", 1, "--heads", 2, "--intermediate", 16, "--vocab", 64, "--dtype", "bf16", "-o", checkpoint).err());
            assertTrue(Files.readString(checkpoint.resolve("preprocessor_config.json")).contains("shortest_edge"));
            Outcome o = run("convert", checkpoint, "-o", folder.resolve("b"), "--dry-run");
            assertEquals(0, o.code(), o.err());
        }
    }

    @Test
    void whatIsNotWrittenOfAModelOfImagesIsSaid() {
        for (String type : new String[] {"llava_llama", "pmod_llava_llama", "mod_llava_llama"}) {
            Outcome o = run("synth", type, "--hidden", 16, "--layers", 2, "--heads", 2, "--intermediate", 16, "--vocab", 64, "-o", folder.resolve(type));
            assertEquals(0, o.code(), o.err());
            assertTrue(o.err().contains("without a vision tower and without the projector behind it: a bundle of it takes text alone"), o.err());
        }
        assertEquals("", run("synth", "llama", "--hidden", 16, "--layers", 1, "--heads", 2, "--intermediate", 16, "--vocab", 64, "-o", folder.resolve("llama")).err());
    }

    @Test
    void sizesThatAnArchitectureHasNoKeyForAreRefused() {
        for (String option : new String[] {"bert --kv-heads 2", "bert --head-dim 8", "pmod_llava_llama --head-dim 8"}) {
            String[] words = option.split(" ");
            Outcome o = run("synth", words[0], "--hidden", 64, "--heads", 4, words[1], words[2], "-o", folder.resolve("x"));
            assertEquals(2, o.code());
            assertTrue(o.err().startsWith("depthc: a " + words[0] + " checkpoint has no "), o.err());
        }
    }

    @Test
    void writesACheckpointOfTheShape() throws IOException {
        Path out = folder.resolve("small");
        Outcome o = run("synth", "llama", "--hidden", 32, "--layers", 3, "--heads", 4, "--kv-heads", 2, "--intermediate", 48, "--vocab", 64, "--context", 128,
                "--dtype", "bf16", "-o", out);
        assertEquals(0, o.code(), o.err());
        JsonNode model = new ObjectMapper().readTree(run("inspect", out, "--json").out());
        assertEquals("{\"name\":\"small\",\"architecture\":\"llama\",\"layers\":3,\"hidden\":32,\"heads\":4,\"kv_heads\":2,\"head_dim\":8,\"intermediate\":48,"
                + "\"vocab\":64,\"context\":128}", model.get("model").toString());
        assertTrue(model.at("/parameters/by_dtype").has("bf16"));
    }

    @ParameterizedTest
    @CsvSource({"lama, --layers, 2, llama", "llama, --layers, 0, --layers", "llama, --dtype, int8, --dtype", "llama, --shard-gb, 0, --shard-gb"})
    void badInputIsTwoAndWritesNothing(String architecture, String option, String value, String named) {
        Path out = folder.resolve("x");
        Outcome o = run("synth", architecture, "--hidden", 32, "--heads", 4, "--intermediate", 48, "--vocab", 64, option, value, "-o", out);
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains(named), o.err());
        assertFalse(Files.exists(out));
    }

    @Test
    void aDiskTooSmallIsOneAndSaysBoth() {
        Path out = folder.resolve("x");
        Outcome o = run("synth", "llama", "--hidden", 65536, "--layers", 1000, "-o", out);
        assertEquals(1, o.code(), o.err());
        assertTrue(o.err().matches("depthc: not enough disk space in \\S+: the checkpoint needs [\\d.]+ [TP]iB and 1.00 MiB to spare, [\\d.]+ \\w+ are free; .*\n"), o.err());
        assertFalse(Files.exists(out));
    }
}
