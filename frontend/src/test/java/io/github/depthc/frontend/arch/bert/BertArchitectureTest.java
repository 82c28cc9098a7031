// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.bert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.arch.Configs;
import io.github.depthc.frontend.arch.TestCheckpoint;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.verify.Verifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BertArchitectureTest {
    @TempDir
    Path dir;

    private static String error(Consumer<ObjectNode> edit) {
        return assertThrows(InputException.class, () -> Importer.fromConfig(Configs.small("bert", 2, edit), "x")).getMessage();
    }

    @Test
    void isAnEncoder() {
        Model model = Importer.fromConfig(Configs.small("bert", 2), "x");
        assertTrue(model.encoder());
        assertEquals(2, model.layers().size());
        assertEquals(List.of(), Verifier.check(model, BuiltinOps.SET));
    }

    @Test
    void whatItDoesNotComputeIsNamed() {
        assertEquals("config.json: \"position_embedding_type\" is \"relative_key\", expected absolute: other position embeddings of BERT are not supported",
                error(n -> n.put("position_embedding_type", "relative_key")));
        assertEquals("config.json: \"is_decoder\" is true, expected it to be absent: this feature is not supported for model_type bert",
                error(n -> n.put("is_decoder", true)));
        assertEquals("config.json: \"add_cross_attention\" is true, expected it to be absent: this feature is not supported for model_type bert",
                error(n -> n.put("add_cross_attention", true)));
        assertEquals("config.json: \"hidden_act\" is \"relu\", expected one of silu, gelu, gelu_pytorch_tanh", error(n -> n.put("hidden_act", "relu")));
        assertEquals("config.json: \"layer_norm_eps\" is -1.0, expected a number from 0.0 to 0.5", error(n -> n.put("layer_norm_eps", -1.0)));
        assertEquals("config.json: \"type_vocab_size\" is 0, expected an integer from 1 to 65536", error(n -> n.put("type_vocab_size", 0)));
    }

    private String checkpointError(TestCheckpoint checkpoint) throws IOException {
        checkpoint.write(dir);
        try (Checkpoint c = Checkpoint.open(dir)) {
            return assertThrows(InputException.class, () -> Importer.load(c)).getMessage();
        }
    }

    @Test
    void aModelWithAHeadIsRefused() throws IOException {
        String message = checkpointError(new TestCheckpoint(Configs.small("bert", 1))
                .with("bert.embeddings.word_embeddings.weight", TensorType.fixed(DType.F32, 64, 32)));
        assertTrue(message.startsWith(dir.resolve("config.json") + ": the tensors beside it begin with \"bert.\", as in a model with a task head"), message);
    }

    @Test
    void noTensorIsLostUnseen() throws IOException {
        String message = checkpointError(new TestCheckpoint(Configs.small("bert", 1)).with("cls.predictions.bias", TensorType.fixed(DType.F32, 64)));
        assertTrue(message.contains("tensor \"cls.predictions.bias\" is not part of a bert decoder"), message);
    }

    @Test
    void thePoolerAndOldPositionNumbersAreNotNeeded() throws IOException {
        new TestCheckpoint(Configs.small("bert", 1)).with("pooler.dense.weight", TensorType.fixed(DType.F32, 32, 32))
                .with("embeddings.position_ids", TensorType.fixed(DType.I64, 1, 128)).write(dir);
        try (Checkpoint c = Checkpoint.open(dir)) {
            assertEquals(1, Importer.load(c).layers().size());
        }
    }
}
