// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.LayerWalk;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Rewriter;
import io.github.depthc.passes.api.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Walks through models that a plug-in has changed. */
class LayerWalkTest {
    private final Model model = LongStream.range(0, 100).mapToObj(s -> RandomModels.dense(s).model()).filter(m -> m.info().layers() > 1).findFirst().orElseThrow();
    private final PassContext context = PassContext.builder().executor(Traces.executor()).calibration(() -> List.of(Sample.of(1, 3, 2, 0))).build();

    /** A residual addition as a plug-in's op. */
    private record MyAdd() implements Lowerable {
        @Override
        public String mnemonic() {
            return "my.add";
        }

        @Override
        public List<Type> infer(List<Type> operands, List<Region> regions) {
            return List.of(operands.getFirst());
        }

        @Override
        public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
            return List.of(b.add("sum", new Binary.Add(), operands.get(0), operands.get(1)));
        }
    }

    /** Attention as a plug-in's op, which uses the cache. */
    private record MyAttention(Attention attention) implements Lowerable {
        @Override
        public String mnemonic() {
            return "my.attention";
        }

        @Override
        public List<Type> infer(List<Type> operands, List<Region> regions) {
            return attention.infer(operands, regions);
        }

        @Override
        public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
            return List.copyOf(b.node("mine", attention, operands, List.of()).results());
        }
    }

    private List<float[]> hidden(Model of, List<String> seen) {
        var hidden = new ArrayList<float[]>();
        LayerWalk.run(of, context, "test", (node, b) -> {
            seen.add(node.kind().mnemonic());
            return List.of();
        }, (layer, sample, before, probed, after) -> hidden.add(after.floats()));
        return hidden;
    }

    private Model rewritten(boolean adds) {
        return assertInstanceOf(Outcome.Changed.class, Rewriter.bodies(model).apply(context, "nodes made mine", site -> {
            if (adds && site.node().kind() instanceof Binary.Residual) {
                site.replaceKind(new MyAdd());
            } else if (!adds && site.node().kind() instanceof Attention a) {
                site.replaceKind(new MyAttention(a));
            }
        })).model();
    }

    private void sameHidden(Model other, List<String> seen) {
        List<float[]> expected = hidden(model, new ArrayList<>());
        List<float[]> actual = hidden(other, seen);
        assertEquals(model.layers().size(), actual.size());
        for (int l = 0; l < actual.size(); l++) {
            assertArrayEquals(expected.get(l), actual.get(l), "layer " + l);
        }
    }

    @Test
    void opsOfAPluginInBodiesAreLowered() {
        var seen = new ArrayList<String>();
        sameHidden(rewritten(true), seen);
        assertTrue(seen.contains("my.add"), "the probe sees ops as they are: " + seen);
    }

    @Test
    void oneThatUsesTheCacheIsLoweredFirst() {
        var seen = new ArrayList<String>();
        sameHidden(rewritten(false), seen);
        assertTrue(seen.contains("attention") && !seen.contains("my.attention"), seen.toString());
    }

    private Model behindTheFirst(boolean more) {
        return assertInstanceOf(Outcome.Changed.class, Rewriter.graph(model).apply(context, "layers put behind", site -> {
            if (site.node().kind() instanceof Layer l && l.index() == 0) {
                Node kept = site.keep();
                Value other = more ? site.operand(Layer.HIDDEN) : kept.result(0);
                site.builder().map(site.node().result(0), site.builder().add("changed", new MyAdd(), kept.result(0), other));
            }
        })).model();
    }

    @Test
    void whatStandsBetweenLayersIsComputed() {
        var before = new ArrayList<float[]>();
        LayerWalk.run(behindTheFirst(false), context, "test", (node, b) -> List.of(), (layer, sample, in, probed, out) -> {
            if (layer < 2) {
                before.add(layer == 0 ? out.floats() : in.floats());
            }
        });
        assertNotEquals(LayerWalk.dependsOn(model), LayerWalk.dependsOn(behindTheFirst(false)), "what was measured before does not hold");
        for (int i = 0; i < before.get(0).length; i++) {
            assertEquals(2 * before.get(0)[i], before.get(1)[i]);
        }
    }

    @Test
    void aLayerThatReadsMoreThanTheOneBeforeGivesIsRefused() {
        var e = assertThrows(InputException.class, () -> hidden(behindTheFirst(true), new ArrayList<>()));
        assertEquals("test runs each layer on what the one before gives, but %changed, which layer 1 reads, needs more than that; put what measures "
                + "before the pass that changes this", e.getMessage());
    }
}
