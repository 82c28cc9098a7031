// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.pmod;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.arch.Configs;
import io.github.depthc.frontend.arch.TestCheckpoint;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.ir.weight.WeightExpr;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PmodArchitectureTest {
    private static JsonObject config(String norm) {
        return Configs.small("pmod_llava_llama", 4, n -> n.put("mod_target_layers", "interleave").put("mod_weight_norm", norm));
    }

    private static WeightExpr expr(Value v) {
        return ((Weight) ((Result) v).node().kind()).expr();
    }

    private static List<String> names(Node mod) {
        return mod.operands().stream().skip(ModLayer.SCORE).map(v -> ((WeightExpr.Stored) expr(v)).name()).toList();
    }

    @Test
    void routedLayersWrapDenseOnes() {
        Model model = Importer.fromConfig(config("tanh_0.2_1"), "x");
        assertEquals(List.of(), Verifier.check(model, BuiltinOps.SET));
        assertEquals(List.of(0, 2), model.nodes(Layer.class).stream().map(n -> ((Layer) n.kind()).index()).toList());
        Node mod = model.nodes(ModLayer.class).getFirst();
        assertEquals(new ModLayer(1, Routing.pmod(0.5, new Routing.Gate.Tanh(0.2, 1), true)), mod.kind());
        assertEquals(List.of("model.layers.1.router.router.weight", "model.layers.1.router.router.bias"), names(mod));
        assertTrue(Importer.tensors(config("tanh_0.2_1"), DType.F32).containsKey("model.layers.1.decoder_layer.self_attn.q_proj.weight"));
        assertTrue(Importer.tensors(config("tanh_0.2_1"), DType.F32).containsKey("model.layers.2.self_attn.q_proj.weight"));
    }

    @Test
    void withoutBias() {
        JsonObject config = Configs.small("pmod_llava_llama", 4, n -> n.put("mod_target_layers", "deep_all").put("mod_bias_enabled", false));
        Node mod = Importer.fromConfig(config, "x").nodes(ModLayer.class).getFirst();
        assertEquals(List.of("model.layers.2.router.router.weight"), names(mod));
    }

    @Test
    void candidates() {
        assertEquals(Routing.Candidates.VISION, candidatesOf(null));
        assertEquals(Routing.Candidates.VISION, candidatesOf("vision_hr"));
        assertEquals(Routing.Candidates.VISION, candidatesOf("vision_all"));
        assertEquals(Routing.Candidates.ALL, candidatesOf("all"));
        assertEquals("config.json: \"mod_target_token_type\" is \"text\", expected vision_hr, vision_all or all",
                assertThrows(InputException.class, () -> candidatesOf("text")).getMessage());
    }

    private static Routing.Candidates candidatesOf(String type) {
        JsonObject config = Configs.small("pmod_llava_llama", 4, n -> n.put("mod_target_layers", "interleave").put("mod_target_token_type", type));
        return ((ModLayer) Importer.fromConfig(config, "x").nodes(ModLayer.class).getFirst().kind()).routing().candidates();
    }

    /** An affine gate has no kind of its own: factor and offset are in the router's weights. */
    @Test
    void affineGate(@TempDir Path dir) throws IOException {
        new TestCheckpoint(config("none_2_0.5")).value("model.layers.1.router.router.weight", 0.25f)
                .value("model.layers.1.router.router.bias", 3).write(dir);
        try (Checkpoint checkpoint = Checkpoint.open(dir)) {
            Node mod = Importer.load(checkpoint).nodes(ModLayer.class).getFirst();
            assertEquals(new Routing.Gate.Probability(), ((ModLayer) mod.kind()).routing().gate());
            assertEquals(new WeightExpr.Inline(TensorType.fixed(DType.F32, 1, 32), Collections.nCopies(32, 0.5)),
                    expr(mod.operand(ModLayer.SCORE)));
            assertEquals(new WeightExpr.Inline(TensorType.fixed(DType.F32, 1), List.of(6.5)), expr(mod.operand(ModLayer.SCORE + 1)));
        }
    }

    @Test
    void visionTensorsAreNotNeeded(@TempDir Path dir) throws IOException {
        new TestCheckpoint(config("tanh_0.2_1")).with("model.vision_tower.vision_tower.post_layernorm.weight", TensorType.fixed(DType.F32, 4))
                .with("model.mm_projector.0.weight", TensorType.fixed(DType.F32, 4)).with("model.image_newline", TensorType.fixed(DType.F32, 4))
                .write(dir);
        try (Checkpoint checkpoint = Checkpoint.open(dir)) {
            assertEquals(2, Importer.load(checkpoint).nodes(ModLayer.class).size());
        }
    }
}
