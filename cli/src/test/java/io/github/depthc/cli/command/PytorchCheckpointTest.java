// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.cli.CommandLineHarness.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Checkpoints in PyTorch's format, from file to logits. */
final class PytorchCheckpointTest {
    private static final Path GOLDENS = repository("frontend/src/test/resources/goldens");
    private static final Path PYTORCH = repository("frontend/src/test/resources/goldens-pytorch");

    @TempDir
    private Path temp;

    private byte[] logits(Path checkpoint, String weights) throws IOException {
        Path bundle = temp.resolve(checkpoint.getFileName() + "-" + weights);
        Outcome converted = run("convert", checkpoint, "--layers", "odd", "--weights", weights, "-o", bundle);
        assertEquals(0, converted.code(), converted.err());
        Path file = temp.resolve("logits.safetensors");
        Outcome o = run("run", bundle, "--input-ids", "1,5,9,20,33,7,8,50", "--max-new-tokens", 1, "--save-logits", file);
        assertEquals(0, o.code(), o.err());
        return Files.readAllBytes(file);
    }

    @ParameterizedTest
    @CsvSource({"llama,source", "llama,fp32", "llama_sharded,source"})
    void givesTheLogitsOfTheSameWeightsInSafetensors(String name, String weights) throws IOException {
        assertArrayEquals(logits(GOLDENS.resolve("llama_sharded"), weights), logits(Files.createSymbolicLink(temp.resolve("pytorch"), PYTORCH.resolve(name)), weights));
    }

    @Test
    void aBundleOfItExportsToSafetensors() throws IOException {
        byte[] first = logits(PYTORCH.resolve("llama"), "source");
        Path exported = temp.resolve("exported");
        Outcome o = run("export", temp.resolve("llama-source"), "--format", "pmod", "--init-routers", "-o", exported);
        assertEquals(0, o.code(), o.err());
        assertTrue(first.length > 0 && Files.exists(exported.resolve("model.safetensors")));
    }

    @Test
    void isSized() {
        Outcome o = run("inspect", PYTORCH.resolve("llama_sharded"));
        assertEquals(0, o.code(), o.err());
        assertEquals(run("inspect", GOLDENS.resolve("llama_sharded")).out().replace("in 3 files", "in 2 files"), o.out());
    }

    @Test
    void aFileThatAsksForCodeIsRefusedInOneLine() throws IOException {
        Path checkpoint = Files.createDirectory(temp.resolve("hostile"));
        Files.copy(PYTORCH.resolve("llama/config.json"), checkpoint.resolve("config.json"));
        Files.copy(PYTORCH.resolve("attack.bin"), checkpoint.resolve("pytorch_model.bin"));
        Outcome o = run("convert", checkpoint, "-o", temp.resolve("bundle"));
        assertEquals(2, o.code());
        assertTrue(o.err().contains("pytorch_model.bin: the pickle asks for posix.system") && o.err().lines().count() == 1, o.err());
        assertFalse(Files.exists(temp.resolve("bundle")));
    }
}
