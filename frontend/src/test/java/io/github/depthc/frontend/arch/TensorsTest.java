// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every source tensor is mapped, declared unused, or an error that names it. */
class TensorsTest {
    @TempDir
    private Path dir;

    private static TestCheckpoint llama() {
        return new TestCheckpoint(Configs.small("llama", 2));
    }

    private void load(TestCheckpoint test) throws IOException {
        test.write(dir);
        try (Checkpoint checkpoint = Checkpoint.open(dir)) {
            Importer.load(checkpoint);
        }
    }

    private String error(TestCheckpoint test) {
        return assertThrows(InputException.class, () -> load(test)).getMessage();
    }

    @Test
    void complete() {
        assertDoesNotThrow(() -> load(llama()));
    }

    @Test
    void missing() {
        assertEquals(dir + ": tensor \"model.layers.1.mlp.up_proj.weight\" is missing, expected one of shape [48, 32]; the checkpoint is"
                + " incomplete or does not belong to its config.json", error(llama().without("model.layers.1.mlp.up_proj.weight")));
    }

    @Test
    void anotherShape() {
        assertEquals(dir.resolve("model.safetensors") + ": tensor \"model.norm.weight\" is f32[31], expected floating point [32] by config.json",
                error(llama().with("model.norm.weight", TensorType.fixed(DType.F32, 31))));
    }

    @Test
    void anotherElementType() {
        assertEquals(dir.resolve("model.safetensors") + ": tensor \"model.norm.weight\" is i8[32], expected floating point [32] by config.json",
                error(llama().with("model.norm.weight", TensorType.fixed(DType.I8, 32))));
    }

    @Test
    void unknown() {
        assertEquals(dir.resolve("model.safetensors") + ": tensor \"model.layers.2.mlp.up_proj.weight\" is not part of a llama decoder of this"
                + " config.json; it would be lost, so check that config.json and weights belong together",
                error(llama().with("model.layers.2.mlp.up_proj.weight", TensorType.fixed(DType.F32, 48, 32))));
    }

    @Test
    void severalUnknown() {
        TestCheckpoint test = llama();
        for (String name : new String[] {"a", "b", "c", "d", "e"}) {
            test.with(name, TensorType.fixed(DType.F32, 1));
        }
        assertEquals(dir.resolve("model.safetensors") + ": tensor \"a\" (and 4 more: b, c, d, …) is not part of a llama decoder of this"
                + " config.json; it would be lost, so check that config.json and weights belong together", error(test));
    }

    @Test
    void aBiasThatTheConfigurationDoesNotHave() {
        assertEquals(dir.resolve("model.safetensors") + ": tensor \"model.layers.0.self_attn.q_proj.bias\" is not part of a llama decoder of this"
                + " config.json; it would be lost, so check that config.json and weights belong together",
                error(llama().with("model.layers.0.self_attn.q_proj.bias", TensorType.fixed(DType.F32, 32))));
    }

    @Test
    void aStoredHeadThatIsTiedAllTheSame() {
        TestCheckpoint tied = new TestCheckpoint(Configs.small("llama", 2, n -> n.put("tie_word_embeddings", true)));
        assertDoesNotThrow(() -> load(tied.with("lm_head.weight", TensorType.fixed(DType.F32, 64, 32))));
    }

    @Test
    void rotaryTablesOfOldCheckpoints() {
        assertDoesNotThrow(() -> load(llama().with("model.layers.0.self_attn.rotary_emb.inv_freq", TensorType.fixed(DType.F32, 4))));
    }
}
