// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpDef;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.reference.Rows;
import io.github.depthc.reference.Tensor;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RandomModelsTest {
    @Test
    void aSeedGivesOneModel() {
        assertEquals(Printer.print(RandomModels.decoder(17).model()), Printer.print(RandomModels.decoder(17).model()));
        assertEquals(Printer.print(RandomModels.graph(17).model().graph()), Printer.print(RandomModels.graph(17).model().graph()));
    }

    /** Every choice that a routing has, and every kind of op but those that only lowering and analyses make, and those of images, which no decoder has. */
    @Test
    void everyOpAndEveryAttributeIsDrawn() {
        var ops = new TreeSet<String>();
        Set<Object> choices = new HashSet<>();
        for (long seed = 0; seed < 200; seed++) {
            Model model = RandomModels.decoder(seed).model();
            assertEquals(List.of(), Verifier.check(model, TestPasses.REGISTRY.ops()));
            ops(model.graph(), ops);
            ops(RandomModels.graph(seed).model().graph(), ops);
            for (Node node : model.nodes(ModLayer.class)) {
                Routing r = ((ModLayer) node.kind()).routing();
                choices.addAll(List.of(r.score().getClass(), r.gate().getClass(), r.placement(), r.selection().getClass(), r.candidates(), r.kv(),
                        r.positions(), r.skip().getClass(), r.decode()));
            }
        }
        Set<String> all = new TreeSet<>(TestPasses.REGISTRY.ops().all().stream().map(OpDef::mnemonic).toList());
        all.removeAll(ops);
        assertEquals(Set.of("add_rms_norm", "attention_probs", "attention_received", "cache_positions", "drop_first", "embedding_nbits", "image_attention", "linear_nbits", "mod.combine", "mod.combine_score",
                "mod.gate", "mod.gather", "mod.overlap", "mod.select", "patch_embed", "segment"), all);
        Set<Object> every = new HashSet<>();
        Stream.of(Routing.Score.class, Routing.Gate.class, Routing.Selection.class, Routing.SkipPath.class)
                .forEach(c -> every.addAll(List.of(c.getPermittedSubclasses())));
        Stream.of(Routing.Placement.values(), Routing.Candidates.values(), Routing.SkippedKv.values(), Routing.Positions.values(),
                Routing.DecodeRule.values()).forEach(v -> every.addAll(List.of(v)));
        assertEquals(every, choices);
    }

    private static void ops(Region region, Set<String> into) {
        for (Node node : region.nodes()) {
            into.add(node.kind().mnemonic());
            node.regions().forEach(r -> ops(r, into));
        }
    }

    @Test
    void theMarginIsTheSmallestDistanceFromTheBoundary() {
        Rows rows = Rows.of(new int[] {4, 1}, new int[] {0, 0});
        Tensor candidates = Tensor.vector(1, 1, 1, 0, 1);
        Tensor keys = Tensor.vector(0.5, 0.1, 0.4, 0.45, 0.7);
        assertEquals(0.3, margin(new Routing.Selection.TopK(0.67), rows, candidates, keys), 1e-12);
        assertEquals(0.05, margin(new Routing.Selection.Threshold(0.45, 0.9), rows, candidates, keys), 1e-12);
        assertEquals(0, margin(new Routing.Selection.Threshold(0.45, Double.NaN), rows, candidates, keys));
        assertEquals(Double.POSITIVE_INFINITY, margin(new Routing.Selection.EvenlySpaced(0.5), rows, candidates, null));
    }

    private static double margin(Routing.Selection selection, Rows rows, Tensor candidates, Tensor keys) {
        var margin = new Margin();
        margin.selected(0, selection, rows, candidates, keys, new int[0]);
        return margin.smallest();
    }

    @Test
    void whatSeveralThreadsFindIsTold() {
        var fuzzer = new Fuzzer(TestPasses.REGISTRY).flat("drop-scale");
        AssertionError e = assertThrows(AssertionError.class, () -> fuzzer.run(0, 60));
        assertTrue(e.getMessage() != null && e.getMessage().matches("(?s)RandomModels\\.\\w+\\(\\d+\\): .+"), e.toString());
    }

    @Test
    void aFuzzerNamesTheSeed() {
        var fuzzer = new Fuzzer(TestPasses.REGISTRY).flat("drop-scale");
        AssertionError e = assertThrows(AssertionError.class, () -> {
            for (long seed = 0; seed < 100; seed++) {
                fuzzer.graph(seed);
            }
        });
        assertTrue(e.getMessage().matches("(?s)RandomModels\\.graph\\(\\d+\\): after 'drop-scale': yield .*"), e.getMessage());
        assertTrue(new Fuzzer(TestPasses.REGISTRY).flat("drop-unit-scale").graph(0).size() <= 1);
    }

    @Test
    void denseModelsHaveNoRouting() {
        assertTrue(RandomModels.dense(3).model().nodes(ModLayer.class).isEmpty());
        assertEquals(TensorType.of(DType.I64, Dim.TOKENS), RandomModels.dense(3).model().graph().param(0).type());
    }
}
