// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.bundle.BundleWriter;
import io.github.depthc.backend.bundle.EngineParts;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.bundle.SingleGraphs;
import io.github.depthc.backend.bundle.WriteProgress;
import io.github.depthc.backend.onnx.OnnxNames;
import io.github.depthc.backend.onnx.WrittenGraph;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.NodeProto;
import io.github.depthc.backend.onnx.proto.TensorProto;
import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.plan.HostDevice;
import io.github.depthc.backend.plan.Plan;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.backend.tensorrt.BuildEstimate;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.op.Segment;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.WeightExpr.Quantized.Scales;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Quantised weights in the graphs of engines, against weights of the very values that their codes stand for, in F32. */
class QuantizedEnginesTest {
    private static final int[] PROMPT = {3, 14, 15, 9, 2, 6, 5, 35, 8, 9, 7, 9, 3, 2, 38, 4};
    private static final double TOLERANCE = 2e-4;

    @TempDir
    Path temp;

    @BeforeAll
    static void environment() {
        EngineFormTest.environment();
    }

    /** Some have a head of their own and some share the table, some have biases; of each layer one matrix has no whole blocks and is left as it is. */
    @ParameterizedTest
    @CsvSource({"llama, 8, 32", "llama, 4, 32", "qwen3, 4, 32", "qwen2, 8, 32", "llama_bias, 4, 32", "gemma2, 4, 32", "phi3_longrope, 8, 32", "stories260k, 8, 32", "stories260k, 4, 64"})
    void bothFormsGiveTheLogitsOfTheRoundedWeights(String golden, int bits, int block) throws Exception {
        try (Checkpoint checkpoint = Checkpoint.open(folder(golden))) {
            Model dense = routed(Importer.load(checkpoint));
            Model quantized = quantized(dense, bits, block, DType.F32);
            try (Engine rounded = Bundles.engine(Rounded.of(dense, bits, block, Scales.F32), temp.resolve("rounded"), Bundles.Form.STANDARD)) {
                for (Bundles.Form form : List.of(Bundles.Form.PLAN, Bundles.Form.CUDA)) {
                    try (Engine plan = Bundles.engine(quantized, temp.resolve(form.name()), form)) {
                        same(golden + " " + form, rounded, plan);
                    }
                }
                single(golden, rounded, quantized);
            }
        }
    }

    private static void same(String what, Engine expected, Engine actual) {
        try (Slot a = expected.open(); Slot b = actual.open()) {
            Compare.row(what, row(a.prefill(PromptInput.of(PROMPT))), 0, b.prefill(PromptInput.of(PROMPT)), 0, TOLERANCE);
            for (int token : new int[] {7, 30}) {
                Compare.row(what + ", step", row(expected.step(List.of(a), new int[] {token})), 0, actual.step(List.of(b), new int[] {token}), 0, TOLERANCE);
            }
        }
    }

    private void single(String what, Engine rounded, Model quantized) throws Exception {
        SingleGraphs graphs = SingleGraphs.open(writeSingle(quantized, DType.F32));
        new TensorrtOperators().check(graphs.prompt());
        new TensorrtOperators().check(graphs.step());
        boolean[] candidates = new boolean[PROMPT.length];
        Arrays.fill(candidates, 1, PROMPT.length - 1, true);
        try (Slot slot = rounded.open(); var decoder = new SingleDecoder(graphs)) {
            float[] prompt = decoder.prompt(Arrays.stream(PROMPT).asLongStream().toArray(), candidates).orElseThrow();
            Compare.row(what + ", one graph", prompt, 0, rounded.open().prefill(PromptInput.of(PROMPT)), 0, TOLERANCE);
            slot.prefill(PromptInput.of(PROMPT));
            Compare.row(what + ", one graph's step", decoder.step(7), 0, rounded.step(List.of(slot), new int[] {7}), 0, TOLERANCE);
        }
    }

    /** What TensorRT is given: each segment's file computes what the rounded weights do, by one dequantisation for each matrix. */
    @ParameterizedTest
    @CsvSource({"llama, 8", "qwen3, 4"})
    void segmentsDequantize(String golden, int bits) throws Exception {
        try (Checkpoint checkpoint = Checkpoint.open(folder(golden))) {
            Model dense = Importer.load(checkpoint);
            Model rounded = Bundles.run(Rounded.of(dense, bits, 32, Scales.F32), BuiltinPasses.SEGMENTING);
            try (BundlePlan plan = BundlePlan.open(writePlan(quantized(dense, bits, 32, DType.F32), DType.F32))) {
                int i = 0;
                for (Node node : rounded.nodes(Segment.class)) {
                    Region body = node.region();
                    Map<String, HostTensor> inputs = EngineFormTest.inputs(body);
                    Region own = plan.model().nodes(Segment.class).get(i).region();
                    assertTrue(assertThrows(InputException.class, () -> new OrtExecutor(OrtOptions.DEFAULT).compile(own, plan.model().weights())).getMessage()
                            .startsWith("op 'linear_nbits' has signed codes, which stand in the graphs of engines alone"));
                    Path graph = plan.segments().get(i++);
                    new TensorrtOperators().check(graph);
                    structure(graph, bits);
                    try (Executor.Program program = new OrtExecutor(OrtOptions.DEFAULT).compile(body, rounded.weights());
                            OrtSession session = OrtEnvironment.getEnvironment().createSession(graph.toString());
                            OrtSession.Result result = session.run(EngineFormTest.tensors(inputs))) {
                        List<HostTensor> expected = program.run(inputs);
                        for (int y = 0; y < expected.size(); y++) {
                            EngineFormTest.same(expected.get(y).floats(), EngineFormTest.floats(result, OnnxNames.output(y)), golden + ", " + graph.getFileName() + ", output " + y);
                        }
                    }
                }
            }
        }
    }

    private static void structure(Path graph, int bits) throws IOException {
        ModelProto model = ModelProto.parseFrom(Files.readAllBytes(graph));
        Map<String, TensorProto> weights = model.getGraph().getInitializerList().stream().collect(Collectors.toMap(TensorProto::getName, t -> t));
        for (NodeProto node : model.getGraph().getNodeList()) {
            if (node.getOpType().equals("Gemm")) {
                assertTrue(weights.get(node.getInput(1)).getDims(1) % 32 != 0, "a matrix of whole blocks that is not in integers");
            }
            if (node.getOpType().equals("DequantizeLinear")) {
                TensorProto codes = weights.get(node.getInput(0));
                TensorProto scales = weights.get(node.getInput(1));
                assertEquals(bits == 8 ? TensorProto.DataType.INT8_VALUE : TensorProto.DataType.INT4_VALUE, codes.getDataType());
                assertEquals(List.of(codes.getDims(0), codes.getDims(1) / 32), scales.getDimsList());
                assertEquals(32, node.getAttributeList().stream().filter(a -> a.getName().equals("block_size")).findFirst().orElseThrow().getI());
                assertEquals(codes.getDims(0) * codes.getDims(1) * bits / 8, WrittenGraph.read(graph).weights().get(codes.getName()).placed().length());
                assertEquals(codes.getDims(0) * codes.getDims(1), WrittenGraph.read(graph).weights().get(codes.getName()).elements());
                NodeProto reader = model.getGraph().getNodeList().stream().filter(n -> n.getInputList().contains(node.getOutput(0))).findFirst().orElseThrow();
                assertEquals("Transpose", reader.getOpType());
                assertTrue(model.getGraph().getNodeList().stream().anyMatch(n -> n.getOpType().equals("MatMul") && n.getInput(1).equals(reader.getOutput(0))));
            }
        }
        assertEquals(weights.values().stream().filter(w -> w.getDataType() == TensorProto.DataType.INT8_VALUE || w.getDataType() == TensorProto.DataType.INT4_VALUE).count(),
                model.getGraph().getNodeList().stream().filter(n -> n.getOpType().equals("DequantizeLinear")).count());
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void typesAgreeInSixteenBits(DType rowType) throws Exception {
        try (Checkpoint checkpoint = Checkpoint.open(folder("llama"))) {
            Model quantized = quantized(Importer.load(checkpoint), 4, 32, rowType);
            try (BundlePlan plan = BundlePlan.open(writePlan(quantized, rowType))) {
                for (Path graph : plan.segments()) {
                    loads(graph);
                }
            }
            SingleGraphs graphs = SingleGraphs.open(writeSingle(quantized, rowType));
            loads(graphs.prompt());
            loads(graphs.step());
        }
    }

    private static void loads(Path graph) throws Exception {
        new TensorrtOperators().check(graph);
        EngineFormTest.loadsButForKernels(graph);
    }

    /** In 16 bits the plan runs on the CPU too, in F32 with scales of 16 bits: that is what a GPU's results are compared with. */
    @Test
    void aPlanInSixteenBitsIsComparedWithItsOwnScales() throws Exception {
        try (Checkpoint checkpoint = Checkpoint.open(folder("llama_bf16"))) {
            Model dense = Importer.load(checkpoint);
            Bundle bundle = writePlan(quantized(dense, 8, 32, DType.BF16), DType.BF16);
            try (BundlePlan files = BundlePlan.open(bundle); Engine rounded = Bundles.engine(Rounded.of(dense, 8, 32, Scales.BF16), temp.resolve("rounded"), Bundles.Form.STANDARD)) {
                Plan plan = Plan.of(files.model(), DType.F32);
                try (var engine = new PlanEngine(bundle.info(), plan, new HostDevice(plan, new OrtExecutor(OrtOptions.DEFAULT)))) {
                    same("llama", rounded, engine);
                }
            }
        }
    }

    /** A table that is the head's matrix too is in one place, and nothing is there twice or in the row type. */
    @Test
    void tiedWeightsAreStoredOnce() throws Exception {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            Model quantized = quantized(Importer.load(checkpoint), 4, 64, DType.BF16);
            Bundle bundle = writePlan(quantized, DType.BF16);
            try (BundlePlan plan = BundlePlan.open(bundle)) {
                assertTrue(Files.exists(bundle.folder().resolve("gpu/weights/int4-00001.bin")));
                WrittenGraph head = WrittenGraph.read(plan.segments().getLast());
                String text = Files.readString(bundle.folder().resolve("gpu/plan.mir"));
                String table = text.lines().filter(l -> l.contains("embedding_nbits")).findFirst().orElseThrow().split("[(,]")[3].strip();
                String weight = text.lines().filter(l -> l.strip().startsWith(table + " = weight")).findFirst().orElseThrow().split("\"")[1];
                assertTrue(head.weights().containsKey(weight), head.weights().keySet() + " and " + weight);
                BuildEstimate estimate = BuildEstimate.of(PlanFiles.of(plan));
                long bytes = 0;
                long elements = 0;
                for (Path graph : plan.segments()) {
                    for (var w : WrittenGraph.read(graph).weights().values()) {
                        bytes += w.placed().length();
                        elements += w.type().dtype() == DType.I8 ? 2 * w.placed().length() : w.type().elements();
                    }
                }
                assertEquals(bytes, estimate.diskBytes());
                assertTrue(estimate.hostBytes() >= elements * Float.BYTES && bytes < elements, estimate + " of " + elements + " elements");
            }
        }
    }

    /** What a bundle takes is known to the byte before it is written. */
    @Test
    void theSizeIsKnownBefore() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            BundleSpec spec = spec(quantized(Importer.load(checkpoint), 4, 64, DType.BF16)).engines(Bundles.engines(Bundles.run(quantized(Importer.load(checkpoint), 4, 64, DType.BF16),
                    BuiltinPasses.SEGMENTING), DType.BF16)).build();
            long size = BundleWriter.measure(spec).total();
            BundleWriter.write(spec, temp.resolve("sized"), false, WriteProgress.NONE);
            try (var files = Files.walk(temp.resolve("sized"))) {
                assertEquals(size, files.filter(Files::isRegularFile).mapToLong(f -> f.toFile().length()).sum());
            }
        }
    }

    @Test
    void scalesThatEnginesDoNotTakeAreRefused() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            Model of = Importer.load(checkpoint);
            for (String scales : List.of("either_sign", "f16")) {
                Model quantized = Bundles.run(of, "quantize-weights{bits=8, scales=" + scales + ", measure=false}");
                for (Writing form : List.<Writing>of(() -> writePlan(quantized, DType.BF16), () -> writeSingle(quantized, DType.BF16))) {
                    String message = assertThrows(InputException.class, form::run).getMessage();
                    assertTrue(message.startsWith("the weights are quantized with scales=" + scales + ", expected scales=bf16 (quantize-weights)"), message);
                }
            }
        }
    }

    private interface Writing {
        Bundle run() throws IOException;
    }

    /** Plans that somebody changed after they were written. */
    @Test
    void plansThatCannotBe() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            Bundle bundle = writePlan(quantized(Importer.load(checkpoint), 4, 32, DType.F32), DType.F32);
            Path text = bundle.folder().resolve("gpu/plan.mir");
            String right = Files.readString(text);
            assertTrue(right.contains(": i8[512, 2, 16]"), right);
            Files.writeString(text, right.replace("i8[512, 2, 16]", "i8[512, 2, 32]"));
            refused(bundle, "has type i8[512, 2, 32], expected i8[512, 2, 16]");
            Files.writeString(text, right.replace("bits=4", "bits=8"));
            refused(bundle, "expected i8[");
            Files.writeString(text, right);
            Path list = bundle.folder().resolve("gpu/plan.json");
            String listed = Files.readString(list);
            assertTrue(listed.contains("\"length\" : 16384"), listed);
            Files.writeString(list, listed.replaceFirst("\"length\" : 16384", "\"length\" : 32768")); // as if each code had a byte
            refused(bundle, "in the same bytes");
            Files.writeString(list, listed.replaceFirst("\"length\" : 16384", "\"length\" : 8192"));
            refused(bundle, " of 16384 bytes, which the plan has");
            Files.writeString(list, listed);
            Files.writeString(text, right.replace(": i8[", ": u8["));
            try (BundlePlan files = BundlePlan.open(bundle)) {
                Plan plan = Plan.of(files.model(), DType.F32);
                try (var engine = new PlanEngine(bundle.info(), plan, new HostDevice(plan, new OrtExecutor(OrtOptions.DEFAULT))); Slot slot = engine.open()) {
                    String message = assertThrows(InputException.class, () -> slot.prefill(PromptInput.of(PROMPT))).getMessage();
                    assertTrue(message.contains("has codes of u8[512, 2, 16], expected two's complement"), message);
                }
            }
        }
    }

    /** {@code gather_nbits} takes one scale for so many elements at once; QuantizeWeights makes no smaller blocks, a changed plan may have them. */
    @ParameterizedTest
    @CsvSource({"8, true", "12, false", "4, false"})
    void aTablesBlocksAreThoseOfItsKernel(int block, boolean taken) {
        Model model = Parser.model(new SourceText("plan.mir", """
                depthc.mir 1
                model "table" {architecture="llama", layers=1, hidden=%2$d, heads=1, kvHeads=1, headDim=%2$d, intermediate=8, vocab=10, context=64}
                graph(%%ids: i64[tokens], %%cache.0: cache<1x%2$d>, %%codes: i8[10, 2, %1$d], %%scales: f32[10, 2]) {
                  %%x = embedding_nbits{bits=8, block=%1$d}(%%ids, %%codes, %%scales) : f32[tokens, %2$d]
                  yield %%x, %%cache.0
                }
                """.formatted(block, 2 * block)), BuiltinOps.SET, WeightStore.EMPTY);
        if (taken) {
            assertEquals(DType.BF16, Plan.of(model, DType.BF16).rowType());
        } else {
            String message = assertThrows(InputException.class, () -> Plan.of(model, DType.BF16)).getMessage();
            assertTrue(message.contains("has a table in blocks of " + block + " elements, expected a multiple of 8, which the kernel gather_nbits takes; "), message);
        }
    }

    private static void refused(Bundle bundle, String part) {
        String message = assertThrows(InputException.class, () -> BundlePlan.open(bundle)).getMessage();
        assertTrue(message.contains(part), message);
    }

    private static Path folder(String golden) {
        return golden.equals("stories260k") ? Repository.STORIES : Repository.HF_GOLDENS.resolve(golden);
    }

    private static Model routed(Model dense) {
        return Bundles.run(dense, "select-layers{layers=[1]},schedule{kind=constant, ratio=0.5},convert-to-mod");
    }

    private static Model quantized(Model dense, int bits, int block, DType rowType) {
        return Bundles.run(dense, "quantize-weights{bits=" + bits + ", block=" + block + ", measure=false, scales=" + rowType.text() + "}");
    }

    private static BundleSpec.Builder spec(Model layered) {
        return BundleSpec.of(Bundles.run(layered, BuiltinPasses.LOWERING)).layers(layered.layers().stream().map(n -> LayerPlan.of((DecoderLayer) n.kind(), Optional.empty())).toList())
                .toolVersion("test");
    }

    private Bundle writePlan(Model layered, DType rowType) throws IOException {
        return write(layered, Bundles.engines(Bundles.run(layered, BuiltinPasses.SEGMENTING), rowType));
    }

    private Bundle writeSingle(Model layered, DType rowType) throws IOException {
        return write(layered, EngineParts.single(Bundles.run(layered, BuiltinPasses.FLATTENING), rowType));
    }

    private Bundle write(Model layered, EngineParts engines) throws IOException {
        Path folder = Files.createTempDirectory(temp, "bundle").resolve("b");
        BundleWriter.write(spec(layered).engines(engines).build(), folder, false, WriteProgress.NONE);
        return Bundle.open(folder);
    }

    private static float[] row(StepOutput out) {
        float[] row = new float[out.vocab()];
        for (int i = 0; i < row.length; i++) {
            row[i] = out.at(0, i);
        }
        return row;
    }
}
