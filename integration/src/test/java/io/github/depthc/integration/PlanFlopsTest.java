// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.plan.DeviceTensor;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.plan.StepListener;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.cli.plan.PromptFlops;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpCalls;
import io.github.depthc.ir.op.Segment;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** FLOPs that are counted for a plan, against those of its segments on the rows that they really got. */
class PlanFlopsTest {
    private static final int TOKENS = 40;
    private static final int CANDIDATES = 36;

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"", "select-layers{layers=[1,4]},schedule{kind=constant, ratio=0.4},convert-to-mod,route-by-recency"})
    void theyAreThoseOfTheSegments(String pipeline) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            Model layered = Bundles.run(Importer.load(checkpoint), pipeline);
            try (Engine engine = Bundles.engine(layered, temp.resolve("bundle"), Bundles.Form.PLAN); Slot slot = engine.open()) {
                var done = new Done();
                PromptInput prompt = PromptInput.of(IntStream.range(1, TOKENS + 1).toArray()).withCandidates(CandidateTokens.range(2, 2 + CANDIDATES));
                ((PlanEngine) engine).prefill(slot, prompt, done);
                int[] kept = slot.cacheLengths();
                assertEquals(done.linear, PromptFlops.of(PromptFlops.counted(engine, layered), TOKENS, CANDIDATES, kept).linear(), 0.5);
                assertTrue(done.linear > PromptFlops.of(BuiltinPasses.lowered(layered), TOKENS, CANDIDATES, kept).linear(), "the CPU's graph spares the last layer");
            }
        }
    }

    /** Sums what is multiplied in segments, the only steps with linear layers here. */
    private static final class Done implements StepListener {
        private double linear;

        @Override
        public int[] keep(int index) {
            return null;
        }

        @Override
        public void done(int step, Node node, List<DeviceTensor> made) {
            if (node.kind() instanceof Segment) {
                for (Node op : node.region().nodes()) {
                    linear += OpCalls.cost(op.kind(), op.operandTypes(), dim -> dim instanceof Dim.Fixed(long size) ? size : made.getFirst().rows()).linear();
                }
            }
        }
    }
}
