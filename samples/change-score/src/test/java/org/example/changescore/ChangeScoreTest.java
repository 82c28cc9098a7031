// SPDX-License-Identifier: Apache-2.0
package org.example.changescore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.testkit.ValueCheck;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The op's lowering on ONNX Runtime, against numbers worked out by hand. */
class ChangeScoreTest {
    private static final float[] NOW = {3, 4, 1, 0, 0, 0};
    private static final float[] BEFORE = {6, 8, 0, 2, 0, 0};

    private final PassRegistry passes = PassRegistry.load();
    private final ValueCheck check = new ValueCheck(passes);

    @Test
    void distanceIsTheMeanOfSquares() {
        assertArrayEquals(new float[] {(9 + 16) / 2f, (1 + 4) / 2f, 0}, score(ChangeScore.Measure.DISTANCE), 1e-6f);
    }

    /** The same direction, a right angle, and nothing at all. */
    @Test
    void directionIsTwoLessTwiceTheCosine() {
        assertArrayEquals(new float[] {0, 2, 0}, score(ChangeScore.Measure.DIRECTION), 1e-6f);
    }

    private float[] score(ChangeScore.Measure measure) {
        var b = new RegionBuilder();
        var type = new TensorType(DType.F32, List.of(Dim.of("tokens"), Dim.of(2)));
        var now = b.param("now", type);
        var before = b.param("before", type);
        var graph = new Model(ModelInfo.NONE, b.build(List.of(b.add("score", new ChangeScore(measure), now, before))), WeightStore.EMPTY);
        Model lowered = Pipeline.parse("lower-mod", passes).run(graph, check.context(), Pipeline.Listener.NONE);
        try (Executor.Program program = check.context().executor().compile(lowered.graph(), lowered.weights())) {
            List<HostTensor> out = program.run(Map.of("now", HostTensor.of(NOW, 3, 2), "before", HostTensor.of(BEFORE, 3, 2)));
            assertEquals(1, out.size());
            return out.getFirst().floats();
        }
    }
}
