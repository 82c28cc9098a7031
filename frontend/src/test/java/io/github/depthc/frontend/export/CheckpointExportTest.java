// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.arch.Configs;
import io.github.depthc.frontend.arch.gammamod.GammaExport;
import io.github.depthc.frontend.arch.pmod.PmodExport;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a model's description; that the bytes come back is tested with the command. */
class CheckpointExportTest {
    private static final Routing PMOD = Routing.pmod(0.5, new Routing.Gate.Tanh(0.2, 1), true);
    private static final Routing GAMMA = Routing.gamma(0.005, 0.5);
    private static final Routing PLAIN = Routing.plain(0.5);

    /** A model of six layers, the odd ones routed, with the weights that its graph has. */
    private static ExportSource odd(UnaryOperator<Routing> layer3, Routing routing, Consumer<ObjectNode> edit) {
        JsonObject config = Configs.small("llama", 6, edit);
        var weights = new LinkedHashMap<String, WeightExpr.Stored>();
        Importer.tensors(config, DType.F32).forEach((name, type) -> weights.put(name, new WeightExpr.Stored("x", name, type)));
        if (routing.score() instanceof Routing.Score.SharedLinear) {
            weight(weights, "router.weight", 2, 32);
        }
        for (int l = 1; l < 6 && routing.score() instanceof Routing.Score.Linear(boolean bias); l += 2) {
            weight(weights, "model.layers." + l + ".router.router.weight", 1, 32);
            if (bias) {
                weight(weights, "model.layers." + l + ".router.router.bias", 1);
            }
        }
        List<Optional<Routing>> layers = IntStream.range(0, 6)
                .mapToObj(l -> l % 2 == 0 ? Optional.<Routing>empty() : Optional.of(l == 3 ? layer3.apply(routing) : routing)).toList();
        return new ExportSource("bundle", config, Importer.fromConfig(config, "m").info(), layers, weights, new LinkedHashMap<>());
    }

    private static ExportSource odd(Routing routing) {
        return odd(r -> r, routing, n -> { });
    }

    private static void weight(LinkedHashMap<String, WeightExpr.Stored> weights, String name, long... shape) {
        weights.put(name, new WeightExpr.Stored("x", name, TensorType.fixed(DType.F32, shape)));
    }

    private static String refusal(ExportSource source, ExportFormat format, ExportOptions options) {
        return assertThrows(InputException.class, () -> CheckpointExport.of(source, format, options)).getMessage();
    }

    private static List<Optional<Routing>> imported(CheckpointExport export) {
        Model model = Importer.fromConfig(export.config(), "m");
        return model.layers().stream().map(n -> n.kind() instanceof ModLayer m ? Optional.of(m.routing()) : Optional.<Routing>empty()).toList();
    }

    @Test
    void whatIsExportedIsImportedAsItWas() {
        for (Routing.Gate gate : List.of(new Routing.Gate.Tanh(0.2, 1), new Routing.Gate.Sigmoid(1.5, -0.25), new Routing.Gate.Softmax(2, 0),
                new Routing.Gate.Tanh(1e-7, 100))) {
            for (boolean bias : new boolean[] {true, false}) {
                ExportSource source = odd(Routing.pmod(0.3, gate, bias));
                assertEquals(source.layers(), imported(CheckpointExport.of(source, new PmodExport(), ExportOptions.NONE)));
            }
        }
        assertEquals(odd(GAMMA).layers(), imported(CheckpointExport.of(odd(GAMMA), new GammaExport(), ExportOptions.NONE)));
    }

    @Test
    void layersAreWrappedAndRoutersNamed() {
        CheckpointExport pmod = CheckpointExport.of(odd(PMOD), new PmodExport(), ExportOptions.NONE);
        assertEquals("model.layers.1.mlp.up_proj.weight", ((WeightExpr.Stored) pmod.tensors().get("model.layers.1.decoder_layer.mlp.up_proj.weight")).name());
        assertTrue(pmod.tensors().containsKey("model.layers.2.mlp.up_proj.weight") && pmod.tensors().containsKey("model.layers.5.router.router.bias"));
        assertEquals(Importer.tensors(pmod.config(), DType.F32).keySet(), pmod.tensors().keySet());
        CheckpointExport gamma = CheckpointExport.of(odd(GAMMA), new GammaExport(), ExportOptions.NONE);
        for (int l : new int[] {1, 3, 5}) {
            assertEquals("router.weight", ((WeightExpr.Stored) gamma.tensors().get("model.layers." + l + ".router.weight")).name());
        }
        assertEquals("[1,3,5]", gamma.config().requireObject("mod").node().get("mod_layers_idx").toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "score=shared | layer 3 has γ-MoD's shared router, which p-MoD checkpoints cannot express; use --format gamma",
        "kv=keep      | layer 3 keeps the keys and values of skipped tokens, which p-MoD checkpoints cannot express; convert again so that they are dropped",
        "part         | layer 3 lets tokens skip its MLP alone, which p-MoD checkpoints cannot express; convert again with part=layer",
        "positions    | layer 3 numbers the positions of kept tokens anew, which p-MoD checkpoints cannot express; convert again with the original positions",
        "skip=linear  | layer 3 sends skipped tokens through a fitted linear path, which p-MoD checkpoints cannot express; convert again without skip paths",
        "skip=same    | layer 3 leaves skipped tokens as they are, not times their gate, which p-MoD checkpoints cannot express; convert again with --style pmod",
        "placement    | layer 3 applies its gate to the whole block, which p-MoD checkpoints cannot express; convert again with --style pmod, whose gate is on the MLP",
        "decode       | layer 3 routes decode steps, which p-MoD checkpoints cannot express; convert again with dense decode steps",
        "gate         | layer 3 has another score or gate than layer 1, which p-MoD checkpoints cannot express; convert again with one --style for all layers",
        "selection    | layer 3 selects by chance, which p-MoD checkpoints cannot express; convert again with a selection of the k best",
    })
    void pmodRefusesByName(String change, String message) {
        ExportSource source = odd(r -> changed(r, change), PMOD, n -> { });
        assertEquals("bundle: " + message, refusal(source, new PmodExport(), ExportOptions.NONE));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "score=linear | has a router of its own | use --format pmod",
        "kv=keep      | keeps the keys and values of skipped tokens | convert again so that they are dropped",
        "part         | lets tokens skip its MLP alone | convert again with part=layer",
        "skip=linear  | changes skipped tokens | convert again without skip paths",
        "placement    | applies its gate to the whole block | convert again with --style gamma alone",
        "positions    | keeps the original positions | convert again with --style gamma alone",
        "gate         | has the gate | convert again with --style gamma alone",
        "selection    | selects by chance, not the thresholds 0.005 and 0.5 | convert again with --style gamma alone",
        "candidates   | lets only some tokens be skipped | convert again with --style gamma alone",
        "decode       | does not route decode steps | convert again with --style gamma alone",
    })
    void gammaRefusesByName(String change, String what, String advice) {
        String message = refusal(odd(r -> changed(r, change), GAMMA, n -> { }), new GammaExport(), ExportOptions.NONE);
        assertTrue(message.startsWith("bundle: layer 3 " + what) && message.endsWith(", which γ-MoD checkpoints cannot express; " + advice), message);
    }

    private static Routing changed(Routing r, String change) {
        boolean renumbered = r.positions() == Routing.Positions.RENUMBERED;
        return new Routing(
                switch (change) {
                    case "score=shared" -> new Routing.Score.SharedLinear();
                    case "score=linear" -> new Routing.Score.Linear(true);
                    default -> r.score();
                },
                change.equals("gate") ? new Routing.Gate.Sigmoid(1, 0) : r.gate(),
                change.equals("placement") ? Routing.Placement.BLOCK : r.placement(),
                change.equals("selection") ? new Routing.Selection.Random(0.5, 1) : r.selection(),
                change.equals("candidates") ? Routing.Candidates.PROMPT : r.candidates(),
                change.equals("kv=keep") || change.equals("part") ? Routing.SkippedKv.KEEP : r.kv(),
                !change.equals("positions") ? r.positions() : renumbered ? Routing.Positions.ORIGINAL : Routing.Positions.RENUMBERED,
                switch (change) {
                    case "skip=linear" -> new Routing.SkipPath.Linear(4);
                    case "skip=same" -> new Routing.SkipPath.Identity();
                    default -> r.skip();
                },
                !change.equals("decode") ? r.decode() : renumbered ? Routing.DecodeRule.DENSE : Routing.DecodeRule.THRESHOLD,
                change.equals("part") ? Routing.Part.MLP : r.part());
    }

    @Test
    void whatAWholeModelLacks() {
        ExportSource s = odd(PMOD);
        var layer0 = new ExportSource("b", s.config(), s.info(), List.of(Optional.of(PMOD), Optional.empty(), Optional.empty(), Optional.empty(),
                Optional.empty(), Optional.empty()), s.weights(), s.others());
        assertEquals("b: layer 0 routes tokens, which p-MoD checkpoints cannot express; the reference reads the length of the past there: convert with "
                + "layer 0 dense", refusal(layer0, new PmodExport(), ExportOptions.NONE));
        var dense = new ExportSource("b", s.config(), s.info(), Collections.nCopies(6, Optional.empty()), s.weights(), s.others());
        assertTrue(refusal(dense, new PmodExport(), ExportOptions.NONE).startsWith("b: has no Mixture-of-Depths layer"));
        String ratios = refusal(odd(r -> Routing.pmod(0.25, r.gate(), true), PMOD, n -> { }), new PmodExport(), ExportOptions.NONE);
        assertTrue(ratios.startsWith("bundle: keeps the ratios 1: 0.5, 3: 0.25, 5: 0.5 of its 6 layers, which p-MoD checkpoints cannot express; ")
                && ratios.contains("--layers odd or deep"), ratios);
        Routing prompt = new Routing(PMOD.score(), PMOD.gate(), PMOD.placement(), PMOD.selection(), Routing.Candidates.PROMPT, PMOD.kv(), PMOD.positions(),
                PMOD.skip(), PMOD.decode());
        assertTrue(refusal(odd(prompt), new PmodExport(), ExportOptions.NONE).contains("lets other tokens be skipped (prompt)"));
        CheckpointExport chosen = CheckpointExport.of(odd(prompt), new PmodExport(), new ExportOptions(false, Optional.of(TokenType.ALL)));
        assertEquals("all", chosen.config().requireString("mod_target_token_type"));
        assertTrue(chosen.notes().getFirst().contains("other ones than in the bundle (prompt)"));
    }

    /** A key that the reference's transformers does not know would change the numbers there without a word. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"mlp_bias\": true}                                          | \"mlp_bias\" is true, expected it to be absent",
        "{\"head_dim\": 16}                                            | has 4 heads of 16, together other than the hidden size 32",
        "{\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4, "
            + "\"original_max_position_embeddings\": 64}}              | has the rotary scaling Llama3",
    })
    void decodersThatTheReferenceLacks(String keys, String message) {
        ExportSource source = odd(r -> r, PMOD, n -> n.setAll(JsonObject.parse(keys, "x").node()));
        assertTrue(refusal(source, new PmodExport(), ExportOptions.NONE).contains(message), refusal(source, new PmodExport(), ExportOptions.NONE));
    }

    @Test
    void theRotaryBaseIsSaidAsOldVersionsReadIt() {
        Consumer<ObjectNode> edit = n -> {
            n.remove(List.of("rope_theta", "rope_scaling"));
            n.putObject("rope_parameters").put("rope_type", "linear").put("factor", 2.0).put("rope_theta", 50_000.0);
        };
        JsonObject config = CheckpointExport.of(odd(r -> r, PMOD, edit), new PmodExport(), ExportOptions.NONE).config();
        assertEquals(50_000, config.requireDouble("rope_theta", 0, 1e6));
        assertEquals("{\"type\":\"linear\",\"factor\":2.0}", config.node().get("rope_scaling").toString());
        assertTrue(refusal(odd(r -> r, GAMMA, edit), new GammaExport(), ExportOptions.NONE).contains("has the rotary base 50000.0"));
    }

    @Test
    void weightsMustBeTheCheckpointsOwn() {
        ExportSource s = odd(PMOD);
        var added = new LinkedHashMap<>(s.weights());
        weight(added, "weight.skip", 4, 32);
        assertTrue(refusal(new ExportSource("b", s.config(), s.info(), s.layers(), added, s.others()), new PmodExport(), ExportOptions.NONE)
                .startsWith("b: has weights that such a checkpoint has no place for (weight.skip)"));
        var fewer = new LinkedHashMap<>(s.weights());
        fewer.remove("model.layers.3.mlp.up_proj.weight");
        assertTrue(refusal(new ExportSource("b", s.config(), s.info(), s.layers(), fewer, s.others()), new PmodExport(), ExportOptions.NONE)
                .startsWith("b: its graph has no weight \"model.layers.3.mlp.up_proj.weight\" of its own"));
    }

    @Test
    void newRoutersAreZeroAndGateOne() {
        assertTrue(refusal(odd(PLAIN), new PmodExport(), ExportOptions.NONE).contains("has no routers (layer 1 selects by even spacing)"));
        var init = new ExportOptions(true, Optional.empty());
        CheckpointExport export = CheckpointExport.of(odd(PLAIN), new PmodExport(), init);
        assertEquals(Optional.of(PMOD), imported(export).get(3));
        assertTrue(((WeightExpr.Inline) export.tensors().get("model.layers.3.router.router.weight")).values().stream().allMatch(v -> v == 0));
        assertTrue(export.notes().getFirst().contains("no longer what selected in the bundle"));
        assertTrue(refusal(odd(PMOD), new PmodExport(), init).contains("has routers already"));
        assertTrue(refusal(odd(PLAIN), new GammaExport(), init).contains("--format gamma takes no --init-routers"));
        assertTrue(refusal(odd(PLAIN), new GammaExport(), ExportOptions.NONE).contains("layer 1 has no trained router"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"mistral", "qwen2", "gemma2"})
    void otherDecoders(String type) {
        JsonObject config = Configs.small(type, 2);
        var source = new ExportSource("b", config, Importer.fromConfig(config, "m").info(), List.of(Optional.empty(), Optional.of(PMOD)),
                new LinkedHashMap<>(), new LinkedHashMap<>());
        assertTrue(refusal(source, new PmodExport(), ExportOptions.NONE).startsWith("b: is a " + type + " model"));
    }
}
