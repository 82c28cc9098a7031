// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.bundle.BundleWriter;
import io.github.depthc.backend.bundle.EngineParts;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.bundle.SingleGraphs;
import io.github.depthc.backend.bundle.WriteProgress;
import io.github.depthc.backend.plan.Plan;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One engine graph for prompts and one for steps: in F32 they give the goldens' logits, kept tokens and cache lengths, TensorRT's parser has all of
 * their operators, in 16 bits their types agree, and what they cannot say is refused.
 */
class SingleGraphTest {
    private static final float TOLERANCE = 2e-4f;
    /** Goldens that keep tokens by threshold, or route decode steps. */
    private static final Set<String> REFUSED = Set.of("threshold-dense-decode", "threshold-routed-decode", "threshold-routed-decode-keep",
            "threshold-routed-decode-renumbered", "window-routed-decode", "window-routed-decode-keep", "nothing-kept", "fixed-share-routed-decode", "parts-routed-decode");

    @TempDir
    Path temp;

    @BeforeAll
    static void environment() {
        EngineFormTest.environment();
    }

    static Stream<Path> attributes() throws IOException {
        return AttributeGoldenTest.goldens().filter(g -> !REFUSED.contains(g.toString()));
    }

    @ParameterizedTest
    @MethodSource("attributes")
    void everyAttribute(Path name) throws Exception {
        Path folder = Repository.ATTRIBUTE_GOLDENS.resolve(name);
        try (Golden golden = Golden.open(folder); RoutedCheckpoint checkpoint = RoutedCheckpoint.open(folder)) {
            check(golden, checkpoint.model(), "c");
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.depthc.integration.ArchitectureGoldenTest#goldens")
    void denseArchitectures(Path name) throws Exception {
        Path folder = Repository.HF_GOLDENS.resolve(name);
        try (Golden golden = Golden.open(folder); Checkpoint checkpoint = Checkpoint.open(folder)) {
            check(golden, Importer.load(checkpoint), "p");
        }
    }

    static Stream<Path> pmod() throws IOException {
        return ModGoldenTest.goldens().filter(g -> g.toString().startsWith("pmod"));
    }

    @ParameterizedTest
    @MethodSource("pmod")
    void publishedModels(Path name) throws Exception {
        Path folder = Repository.MOD_GOLDENS.resolve(name);
        try (Golden golden = Golden.open(folder); Checkpoint checkpoint = Checkpoint.open(folder)) {
            check(golden, Importer.load(checkpoint), "c");
        }
    }

    /** Selections and scores that no golden has, against the bundle's graph for the CPU. */
    @ParameterizedTest
    @ValueSource(strings = {"route-by-recency", "route-by-attention", "route-by-attention{earlier=1}", "route-by-attention{recent=0}", "route-by-update", "route-randomly"})
    void everyPass(String route) throws Exception {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            checkAgainstTheCpu(route, Bundles.run(Importer.load(checkpoint), "select-layers{layers=[1,3]},schedule{kind=constant, ratio=0.4},convert-to-mod," + route));
        }
    }

    /** Which a plan with kernels refuses, and names this form. */
    @Test
    void headsThatNoKernelTakes() throws Exception {
        Path wide = temp.resolve("wide");
        assertEquals(Main.DONE, Main.run(Console.system(), "synth", "llama", "-o", wide.toString(), "--hidden", "64", "--layers", "2", "--heads", "2", "--kv-heads", "1", "--head-dim", "264",
                "--intermediate", "64", "--vocab", "512"));
        try (Checkpoint checkpoint = Checkpoint.open(wide)) {
            Model routed = Bundles.run(Importer.load(checkpoint), "select-layers{layers=[1]},schedule{kind=constant, ratio=0.4},convert-to-mod");
            Model cut = Bundles.run(routed, BuiltinPasses.SEGMENTING);
            String message = assertThrows(InputException.class, () -> Plan.of(cut, DType.F32)).getMessage();
            assertTrue(message.contains("has heads of 264 elements, expected at most 256") && message.contains("--form single"), message);
            checkAgainstTheCpu("heads of 264", routed);
        }
    }

    private void checkAgainstTheCpu(String what, Model routed) throws Exception {
        Bundle bundle = write(routed, DType.F32);
        SingleGraphs graphs = SingleGraphs.open(bundle);
        new TensorrtOperators().check(graphs.prompt());
        int[] ids = new Random(7).ints(90, 3, 500).toArray();
        boolean[] candidates = new boolean[ids.length];
        Arrays.fill(candidates, 1, ids.length - 1, true);
        try (Engine engine = Bundles.engine(bundle); Slot slot = engine.open(); var decoder = new SingleDecoder(graphs)) {
            float[] prompt = decoder.prompt(Arrays.stream(ids).asLongStream().toArray(), candidates).orElseThrow();
            Compare.row(what, prompt, 0, slot.prefill(PromptInput.of(ids)), 0, TOLERANCE);
            for (int t = 0; t < 3; t++) {
                Compare.row(what + ", step " + t, decoder.step(ids[t]), 0, engine.step(List.of(slot), new int[] {ids[t]}), 0, TOLERANCE);
                for (int layer = 0; layer < routed.info().layers(); layer++) {
                    assertEquals(slot.cacheLengths()[layer], decoder.cacheLength(layer));
                }
            }
        }
    }

    @Test
    void aThresholdIsRefused() throws IOException {
        Path folder = Repository.MOD_GOLDENS.resolve("gamma-arank");
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            Model model = Importer.load(checkpoint);
            var e = assertThrows(InputException.class, () -> write(model, DType.F32));
            assertEquals("layer 3 routes decode steps (decode=threshold), where it may keep nothing; one engine graph cannot; use --form segments", e.getMessage());
        }
        try (RoutedCheckpoint checkpoint = RoutedCheckpoint.open(Repository.ATTRIBUTE_GOLDENS.resolve("threshold-dense-decode"))) {
            var e = assertThrows(InputException.class, () -> write(checkpoint.model(), DType.F32));
            assertEquals("layer 1: how many tokens its selection, a threshold, keeps is known only when its scores are, and one engine graph must be told beforehand; "
                    + "use --form segments", e.getMessage());
        }
    }

    @Test
    void allThatAreLeftOutAreRefused() throws IOException {
        for (String name : REFUSED) {
            try (RoutedCheckpoint checkpoint = RoutedCheckpoint.open(Repository.ATTRIBUTE_GOLDENS.resolve(name))) {
                assertThrows(InputException.class, () -> write(checkpoint.model(), DType.F32), name);
            }
        }
    }

    @Test
    void itIsNoPlan() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.HF_GOLDENS.resolve("llama"))) {
            Bundle bundle = write(Importer.load(checkpoint), DType.F32);
            assertFalse(BundlePlan.isIn(bundle));
            assertTrue(assertThrows(InputException.class, () -> BundlePlan.open(bundle)).getMessage().endsWith("convert the model again with --form segments"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"BF16", "F16"})
    void typesAgreeInSixteenBits(String type) throws Exception {
        DType rowType = DType.valueOf(type);
        for (String name : new String[] {"llama", "gemma2", "llama_bf16", "phi3_longrope"}) {
            try (Checkpoint checkpoint = Checkpoint.open(Repository.HF_GOLDENS.resolve(name))) {
                loads(write(Importer.load(checkpoint), rowType), rowType);
            }
        }
        for (String name : new String[] {"window", "window-keep", "random", "softmax", "linear-skip-keep", "attention-received", "renumbered"}) {
            try (RoutedCheckpoint checkpoint = RoutedCheckpoint.open(Repository.ATTRIBUTE_GOLDENS.resolve(name))) {
                loads(write(checkpoint.model(), rowType), rowType);
            }
        }
    }

    private static void loads(Bundle bundle, DType rowType) throws Exception {
        SingleGraphs graphs = SingleGraphs.open(bundle);
        assertEquals(rowType, graphs.rowType());
        for (Path graph : List.of(graphs.prompt(), graphs.step())) {
            new TensorrtOperators().check(graph);
            EngineFormTest.loadsButForKernels(graph);
        }
    }

    private Bundle write(Model layered, DType rowType) throws IOException {
        Path folder = Files.createTempDirectory(temp, "bundle").resolve("b");
        BundleWriter.write(BundleSpec.of(Bundles.run(layered, BuiltinPasses.LOWERING))
                .layers(layered.layers().stream().map(n -> LayerPlan.of((DecoderLayer) n.kind(), Optional.empty())).toList())
                .engines(EngineParts.single(Bundles.run(layered, BuiltinPasses.FLATTENING), rowType)).toolVersion("test").build(), folder, false, WriteProgress.NONE);
        return Bundle.open(folder);
    }

    /** @param prefix of the golden's cases, which are numbered */
    private void check(Golden golden, Model layered, String prefix) throws Exception {
        SingleGraphs graphs = SingleGraphs.open(write(layered, DType.F32));
        new TensorrtOperators().check(graphs.prompt());
        new TensorrtOperators().check(graphs.step());
        int checked = 0;
        try (var decoder = new SingleDecoder(graphs)) {
            for (int i = 0; golden.has(prefix + i + ".ids"); i++) {
                checked += one(golden, prefix + i + ".", graphs, decoder) ? 1 : 0;
            }
        }
        assertTrue(checked >= 2, "only " + checked + " cases");
    }

    /** One prompt and the steps behind it; false if a layer keeps nothing of it. */
    private static boolean one(Golden golden, String c, SingleGraphs graphs, SingleDecoder decoder) throws OrtException {
        long[] ids = golden.longs(c + "ids");
        float[] logits = golden.floats(c + "logits");
        int vocab = logits.length / ids.length;
        Optional<float[]> found = decoder.prompt(ids, golden.has(c + "candidates") ? golden.flags(c + "candidates") : new boolean[ids.length]);
        if (found.isEmpty()) {
            return false;
        }
        assertArrayEquals(Arrays.copyOfRange(logits, logits.length - vocab, logits.length), found.get(), TOLERANCE, c + "prompt");
        for (int layer : graphs.ratios().keySet()) {
            if (golden.has(c + "layer" + layer + ".kept")) {
                assertArrayEquals(golden.longs(c + "layer" + layer + ".kept"), decoder.kept(layer), c + "kept " + layer);
            }
        }
        lengths(golden, c, 0, decoder);
        long[] decode = golden.longs(c + "decode_ids");
        float[] expected = golden.floats(c + "decode_logits");
        for (int t = 0; t < decode.length; t++) {
            assertArrayEquals(Arrays.copyOfRange(expected, t * vocab, (t + 1) * vocab), decoder.step(decode[t]), TOLERANCE, c + "step " + t);
            lengths(golden, c, t + 1, decoder);
        }
        return true;
    }

    private static void lengths(Golden golden, String c, int call, SingleDecoder decoder) {
        if (!golden.has(c + "cache_lengths")) {
            return;
        }
        int layers = (int) golden.entry(c + "cache_lengths").type().lastSize();
        long[] lengths = golden.longs(c + "cache_lengths");
        for (int layer = 0; layer < layers; layer++) {
            assertEquals(lengths[call * layers + layer], decoder.cacheLength(layer), c + "cache of layer " + layer + " after call " + call);
        }
    }
}
