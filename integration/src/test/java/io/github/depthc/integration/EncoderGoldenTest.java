// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.reference.Cache;
import io.github.depthc.reference.Interpreter;
import io.github.depthc.reference.Rows;
import io.github.depthc.reference.SelectionListener;
import io.github.depthc.reference.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Encoders: dense ones against HuggingFace transformers ({@code tools/goldens}), routed ones against the reference interpreter. */
class EncoderGoldenTest {
    private static final double TOLERANCE = 2e-4;
    private static final List<String> GOLDENS = List.of("bert", "bert_tanh_bf16");
    private static final int PROMPTS = 3;

    @TempDir
    Path temp;

    static Stream<Arguments> goldens() {
        return GOLDENS.stream().flatMap(g -> Stream.of(false, true).map(portable -> Arguments.of(g, portable)));
    }

    static Stream<Arguments> conversions() {
        List<String> routes = List.of("route-evenly", "route-randomly{seed=3}", "route-by-recency", "route-by-attention{observers=4, recent=0}",
                "route-by-attention{observers=64, recent=2}", "route-by-attention{observers=4, recent=0, earlier=1}", "route-by-update{measure=cosine}");
        return GOLDENS.stream().flatMap(g -> routes.stream().flatMap(route -> Stream.of("drop", "keep").flatMap(kv -> Stream.of(false, true)
                .map(portable -> Arguments.of(g, "select-layers{rule=all},schedule{kind=constant, ratio=0.4},convert-to-mod{kv=" + kv + "}," + route, portable)))));
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void hiddenStatesAreThoseOfTransformers(String name, boolean portable) throws IOException {
        Path folder = Repository.ENCODER_GOLDENS.resolve(name);
        try (Golden golden = Golden.open(folder);
                Checkpoint checkpoint = Checkpoint.open(folder);
                Engine engine = Bundles.engine(Bundles.write(Importer.load(checkpoint), temp.resolve("bundle"), portable))) {
            assertEquals(BundleInfo.Output.HIDDEN_STATES, engine.info().output());
            for (int p = 0; p < PROMPTS; p++) {
                float[] expected = golden.floats("p" + p + ".hidden");
                try (Slot slot = engine.open()) {
                    Compare.rows("row " + p, expected, slot.prefill(PromptInput.of(golden.ints("p" + p + ".ids"))), TOLERANCE);
                    assertEquals(0, Arrays.stream(slot.cacheLengths()).sum(), "cached tokens");
                }
            }
            List<int[]> prompts = prompts(golden);
            float[] all = new float[prompts.stream().mapToInt(p -> p.length).sum() * engine.info().model().hidden()];
            int at = 0;
            for (int p = 0; p < PROMPTS; p++) {
                float[] one = golden.floats("p" + p + ".hidden");
                System.arraycopy(one, 0, all, at, one.length);
                at += one.length;
            }
            List<Slot> slots = prompts.stream().map(p -> engine.open()).toList();
            Compare.rows("uneven rows in a batch", all, engine.prefill(slots, prompts.stream().map(PromptInput::of).toList()), TOLERANCE);
        }
    }

    @ParameterizedTest
    @MethodSource("conversions")
    void routedLayersAreThoseOfTheReference(String name, String pipeline, boolean portable) throws IOException {
        Path folder = Repository.ENCODER_GOLDENS.resolve(name);
        try (Golden golden = Golden.open(folder); Checkpoint checkpoint = Checkpoint.open(folder)) {
            Model model = Bundles.run(Importer.load(checkpoint), pipeline);
            List<int[]> prompts = prompts(golden);
            float[] expected = reference(model, prompts);
            try (Engine engine = Bundles.engine(Bundles.write(model, temp.resolve("bundle"), portable))) {
                List<Slot> slots = prompts.stream().map(p -> engine.open()).toList();
                StepOutput batch = engine.prefill(slots, prompts.stream().map(PromptInput::of).toList());
                Compare.rows(pipeline, expected, batch, TOLERANCE);
                assertTrue(differs(golden.floats("p0.hidden"), batch), "no token has been skipped");
                var together = new ArrayList<float[]>();
                for (int i = 0; i < batch.rows(); i++) {
                    together.add(batch.row(i));
                }
                int at = 0;
                for (int[] prompt : prompts) {
                    try (Slot slot = engine.open()) {
                        StepOutput alone = slot.prefill(PromptInput.of(prompt));
                        for (int i = 0; i < prompt.length; i++) {
                            assertArrayEquals(together.get(at++), alone.row(i), "a row of " + prompt.length + " tokens alone, token " + i);
                        }
                    }
                }
            }
        }
    }

    @Test
    void aTextIsTakenWhole() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.ENCODER_GOLDENS.resolve("bert"));
                Engine engine = Bundles.engine(Bundles.write(Importer.load(checkpoint), temp.resolve("bundle"), false));
                Slot slot = engine.open()) {
            slot.prefill(PromptInput.of(1, 2, 3));
            for (String message : List.of(assertThrows(InputException.class, () -> slot.prefill(PromptInput.of(4))).getMessage(),
                    assertThrows(InputException.class, () -> engine.step(List.of(slot), new int[] {4})).getMessage())) {
                assertTrue(message.contains("is an encoder, which takes a text whole"), message);
            }
        }
    }

    private static List<int[]> prompts(Golden golden) {
        return IntStream.range(0, PROMPTS).mapToObj(p -> golden.ints("p" + p + ".ids")).toList();
    }

    private static boolean differs(float[] dense, StepOutput routed) {
        return IntStream.range(0, dense.length).anyMatch(i -> Math.abs(dense[i] - routed.logits().get(i)) > 1e-2);
    }

    /** Hidden states by the definitions; the candidates are all tokens of a row but the first and the last. */
    private static float[] reference(Model model, List<int[]> prompts) {
        var inputs = new HashMap<String, Object>();
        inputs.put(GraphNames.TOKEN_IDS, Tensor.vector(prompts.stream().flatMapToInt(Arrays::stream).asDoubleStream().toArray()));
        inputs.put(GraphNames.POSITIONS, perToken(prompts, (i, n) -> i));
        inputs.put(GraphNames.CANDIDATES, perToken(prompts, (i, n) -> i > 0 && i < n - 1 ? 1 : 0));
        inputs.put(GraphNames.ROWS, Rows.of(prompts.stream().mapToInt(p -> p.length).toArray(), new int[prompts.size()]));
        for (int l = 0; l < model.info().layers(); l++) {
            inputs.put(GraphNames.cache(l), Cache.empty(prompts.size()));
        }
        var hidden = (Tensor) Interpreter.run(model.graph(), model.weights(), inputs, SelectionListener.NONE, Interpreter.Precision.F64).getFirst();
        float[] values = new float[hidden.data().length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) hidden.data()[i];
        }
        return values;
    }

    private static Tensor perToken(List<int[]> prompts, java.util.function.IntBinaryOperator value) {
        return Tensor.vector(prompts.stream().flatMapToInt(p -> IntStream.range(0, p.length).map(i -> value.applyAsInt(i, p.length))).asDoubleStream().toArray());
    }
}
