// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.gammamod;

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
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.ir.weight.WeightExpr;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GammaModArchitectureTest {
    private static JsonObject config(int layers, String mod) {
        return Configs.small("mod_llava_llama", layers, n -> n.set("mod", JsonObject.parse(mod, "mod").node()));
    }

    private static List<Integer> routed(Model model) {
        return model.nodes(ModLayer.class).stream().map(n -> ((ModLayer) n.kind()).index()).toList();
    }

    private static String router(Node mod) {
        return ((WeightExpr.Stored) ((Weight) ((Result) mod.operand(ModLayer.SCORE)).node().kind()).expr()).name();
    }

    private static Model load(Path dir) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(dir)) {
            return Importer.load(checkpoint);
        }
    }

    @Test
    void listOfLayers() {
        Model model = Importer.fromConfig(config(6, "{\"mod_layers_idx\": [5, 1, 3]}"), "x");
        assertEquals(List.of(), Verifier.check(model, BuiltinOps.SET));
        assertEquals(List.of(1, 3, 5), routed(model));
        assertEquals(new ModLayer(1, Routing.gamma(0.005, 0.5)), model.nodes(ModLayer.class).getFirst().kind());
    }

    @ParameterizedTest
    @CsvSource(delimiter = ':', value = {"first_half: [0, 1, 2, 3]", "second_half: [4, 5, 6]", "sparse: [0, 2, 4, 6]",
            "dense: [0, 1, 2, 3, 4, 5, 6, 7]", "first_last_dense: [1, 2, 3, 4, 5, 6]", "last_two_thirds: [4, 5, 6]", "first_five_dense: [5, 6]",
            "arank_mod: [3, 4, 5, 6]"})
    void namedSets(String name, String expected) {
        assertEquals(expected, routed(Importer.fromConfig(config(8, "{\"mod_layers_idx\": \"" + name + "\"}"), "x")).toString());
        assertEquals(expected, routed(Importer.fromConfig(config(8, "{\"mod_layers_idx\": null, \"mod_mode\": \"" + name + "\"}"), "x")).toString());
    }

    @Test
    void errorsInTheListOfLayers() {
        assertEquals("config.json: \"mod.mod_layers_idx[1]\" is 6, expected an integer from 0 to 5", error("{\"mod_layers_idx\": [1, 6]}"));
        assertEquals("config.json: \"mod.mod_layers_idx\" is [1,1], expected each layer once", error("{\"mod_layers_idx\": [1, 1]}"));
        assertTrue(error("{\"mod_mode\": \"everything\"}").startsWith("config.json: \"mod.mod_mode\" is \"everything\", expected a list of layers, or"));
    }

    private static String error(String mod) {
        return assertThrows(InputException.class, () -> Importer.fromConfig(config(6, mod), "x")).getMessage();
    }

    /** A checkpoint with routers of these layers, one of which a configuration alone implies. */
    private static TestCheckpoint withRouters(int... layers) {
        var checkpoint = new TestCheckpoint(config(4, "{\"mod_layers_idx\": [1, 2]}")).without("model.layers.1.router.weight");
        for (int i : layers) {
            checkpoint.with("model.layers." + i + ".router.weight", TensorType.fixed(DType.F32, 2, 32));
        }
        return checkpoint;
    }

    @Test
    void aCopyOfTheRouterForEachLayer(@TempDir Path dir) throws IOException {
        withRouters(1, 2).write(dir);
        assertEquals(List.of("model.layers.1.router.weight", "model.layers.1.router.weight"),
                load(dir).nodes(ModLayer.class).stream().map(GammaModArchitectureTest::router).toList());
    }

    /** A writer that stores shared tensors once keeps the name it likes. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void oneCopyOfTheRouter(int layer, @TempDir Path dir) throws IOException {
        withRouters(layer).write(dir);
        String name = "model.layers." + layer + ".router.weight";
        assertEquals(List.of(name, name), load(dir).nodes(ModLayer.class).stream().map(GammaModArchitectureTest::router).toList());
    }

    @Test
    void copiesThatDiffer(@TempDir Path dir) throws IOException {
        withRouters(1, 2, 3).value("model.layers.3.router.weight", 1).write(dir);
        assertEquals(dir.resolve("model.safetensors") + ": tensor \"model.layers.1.router.weight\" f32[2, 32] and tensor"
                + " \"model.layers.3.router.weight\" f32[2, 32] differ, expected copies of one router that all converted layers share",
                assertThrows(InputException.class, () -> load(dir)).getMessage());
    }

    @Test
    void noRouter(@TempDir Path dir) throws IOException {
        withRouters().write(dir);
        assertTrue(assertThrows(InputException.class, () -> load(dir)).getMessage()
                .contains("tensor \"model.layers.1.router.weight\" is missing, expected one of shape [2, 32]"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ':', value = {"1: [0]", "2: [1]", "3: [1]", "4: [1, 2]", "5: [3]", "8: [3, 4, 5, 6]"})
    void aSyntheticModelOfAnyDepthRoutes(int layers, String expected) {
        assertEquals(expected, routed(Importer.fromConfig(Configs.small("mod_llava_llama", layers), "x")).toString());
    }

    @Test
    void oldRotaryTablesAreNotNeeded(@TempDir Path dir) throws IOException {
        new TestCheckpoint(config(2, "{\"mod_layers_idx\": []}"))
                .with("model.layers.1.self_attn.rotary_emb.inv_freq", TensorType.fixed(DType.F32, 4)).write(dir);
        assertEquals(List.of(), routed(load(dir)));
    }
}
