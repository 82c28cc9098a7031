// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.github.depthc.frontend.Goldens;
import io.github.depthc.frontend.Importer;
import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.RotarySpec;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.verify.Verifier;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands around the layers, and what differs from layer to layer. */
class DecoderGraphTest {
    private static List<Attention> attentions(Model model) {
        return model.nodes(Layer.class).stream().flatMap(n -> n.region().nodes().stream()).map(Node::kind)
                .filter(Attention.class::isInstance).map(Attention.class::cast).toList();
    }

    private static List<Integer> windows(Model model) {
        return attentions(model).stream().map(Attention::window).toList();
    }

    private static List<RotarySpec> rotaries(Model model) {
        return model.nodes(Layer.class).stream().flatMap(n -> n.region().nodes().stream()).map(Node::kind)
                .filter(RotaryTable.class::isInstance).map(k -> ((RotaryTable) k).rotary()).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "llama_bias", "llama_bf16", "llama3", "llama_linear", "llama_yarn", "llama_yarn_explicit", "mistral",
            "mistral_nowindow", "qwen2", "qwen2_sliding", "qwen3", "phi3", "phi3_partial", "phi3_sliding", "phi3_longrope", "gemma2",
            "gemma3", "gemma3_pattern", "gemma3_linear"})
    void verifies(String golden) {
        assertEquals(List.of(), Verifier.check(Goldens.model(golden), BuiltinOps.SET));
    }

    @Test
    void parametersAndYields() {
        Model model = Goldens.model("llama");
        assertEquals(new ModelInfo("llama", "llama", 3, 32, 4, 2, 8, 48, 64, 128), model.info());
        assertEquals("[%input_ids: i64[tokens], %position_ids: i64[tokens], %rows: rows[tokens], %candidates: bool[tokens], "
                + "%logits_at: i64[outputs], %cache.0: cache<2x8>, %cache.1: cache<2x8>, %cache.2: cache<2x8>]",
                model.graph().params().toString());
        assertEquals("[f32[outputs, 64], cache<2x8>, cache<2x8>, cache<2x8>]",
                model.graph().yields().stream().map(v -> v.type().toString()).toList().toString());
        assertEquals(List.of("embedding", "layer", "layer", "layer", "gather_rows", "rms_norm", "linear"),
                model.graph().nodes().stream().map(n -> n.kind().mnemonic()).filter(m -> !m.equals("weight")).toList());
    }

    @Test
    void tiedHeadIsTheEmbeddingTable() {
        Model model = Goldens.model("qwen2");
        assertSame(model.nodes(Embedding.class).getFirst().operand(1), model.nodes(Linear.class).getFirst().operand(1));
    }

    @Test
    void gemma2ScalesEmbeddingsAndCapsLogits() {
        Model model = Goldens.model("gemma2");
        assertEquals(new Unary.Scale(Math.sqrt(32)), model.nodes(Unary.Scale.class).getFirst().kind());
        Result logits = (Result) model.graph().yields().getFirst();
        assertEquals(new Unary.Softcap(5), logits.node().kind());
        assertEquals(new Attention(4, 2, 16, 1 / Math.sqrt(24), 2, 6), attentions(model).getFirst());
    }

    @Test
    void windows() {
        assertEquals(List.of(6, 6, 6), windows(Goldens.model("mistral")));
        assertEquals(List.of(0, 0, 0), windows(Goldens.model("mistral_nowindow")));
        assertEquals(List.of(0, 0, 0), windows(Goldens.model("qwen2")));
        assertEquals(List.of(0, 6, 6), windows(Goldens.model("qwen2_sliding")));
        assertEquals(List.of(6, 0, 6), windows(Goldens.model("gemma2")));
        assertEquals(List.of(6, 0, 6), windows(Goldens.model("gemma3")));
        assertEquals(List.of(6, 6, 0), windows(Goldens.model("gemma3_pattern")));
        assertEquals(List.of(6, 6, 6), windows(Goldens.model("phi3_sliding")));
    }

    @Test
    void windowsByRuleWhereLayerTypesAreAbsent() {
        assertEquals(List.of(4096, 0, 4096, 0), windows(Importer.fromConfig(Configs.small("gemma2", 4), "x")));
        assertEquals(List.of(512, 512, 512, 512, 512, 0, 512), windows(Importer.fromConfig(Configs.small("gemma3_text", 7), "x")));
        assertEquals(List.of(0, 0, 9), windows(Importer.fromConfig(Configs.small("qwen3", 3, node -> node.put("use_sliding_window", true)
                .put("sliding_window", 9).put("max_window_layers", 2)), "x")));
        assertEquals(List.of(4096), windows(Importer.fromConfig(Configs.small("mistral", 1, node -> node.remove("sliding_window")), "x")));
    }

    @Test
    void gemma3RotatesByLayerType() {
        List<RotarySpec> rotaries = rotaries(Goldens.model("gemma3_linear"));
        var local = new RotarySpec(16, 10_000, new RotarySpec.Scaling.None());
        assertEquals(List.of(local, new RotarySpec(16, 1_000_000, new RotarySpec.Scaling.Linear(8)), local), rotaries);
    }

    @Test
    void phi3RotatesPartOfAHead() {
        assertEquals(4, rotaries(Goldens.model("phi3_partial")).getFirst().dim());
    }
}
