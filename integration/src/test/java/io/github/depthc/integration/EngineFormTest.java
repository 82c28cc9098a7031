// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.bundle.BundleWriter;
import io.github.depthc.backend.bundle.WriteProgress;
import io.github.depthc.backend.onnx.OnnxNames;
import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Segment;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The graphs of a bundle for engine builders: in F32 they compute what the IR says, in 16 bits their types agree. */
class EngineFormTest {
    private static final int TOKENS = 5;

    @TempDir
    Path temp;

    /** The environment is made with the thread pools that this program's sessions share. */
    @BeforeAll
    static void environment() {
        var b = new RegionBuilder();
        Param x = b.param("x", TensorType.fixed(DType.F32, 1));
        new OrtExecutor(OrtOptions.DEFAULT).compile(b.build(List.of(b.add("y", new Unary.Silu(), x))), WeightStore.EMPTY).close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3", "gemma2", "qwen3", "phi3_longrope", "llama_bf16"})
    void graphsComputeWhatTheSegmentsSay(String name) throws Exception {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.HF_GOLDENS.resolve(name))) {
            try (BundlePlan plan = plan(Importer.load(checkpoint), DType.F32)) {
                int i = 0;
                for (Node node : plan.model().nodes(Segment.class)) {
                    Region body = node.region();
                    Map<String, HostTensor> inputs = inputs(body);
                    try (Executor.Program program = new OrtExecutor(OrtOptions.DEFAULT).compile(body, plan.model().weights());
                            OrtSession session = OrtEnvironment.getEnvironment().createSession(plan.segments().get(i).toString());
                            OrtSession.Result result = session.run(tensors(inputs))) {
                        var expected = program.run(inputs);
                        for (int y = 0; y < expected.size(); y++) {
                            float[] found = floats(result, OnnxNames.output(y));
                            same(expected.get(y).floats(), found, name + ", segment " + i + ", output " + y);
                        }
                    }
                    i++;
                }
                attention(plan);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"BF16", "F16"})
    void typesAgreeInSixteenBits(String type) throws Exception {
        for (String name : new String[] {"llama", "gemma2", "llama_bf16"}) {
            try (Checkpoint checkpoint = Checkpoint.open(Repository.HF_GOLDENS.resolve(name)); BundlePlan plan = plan(Importer.load(checkpoint), DType.valueOf(type))) {
                assertEquals(DType.valueOf(type), plan.rowType());
                for (Path graph : plan.segments()) {
                    loadsButForKernels(graph);
                }
                for (Path graph : plan.attentions().values()) {
                    loadsButForKernels(graph);
                }
            }
        }
    }

    /** ONNX Runtime looks for kernels when all types have been found to agree; on the CPU it has none for 16 bits. */
    static void loadsButForKernels(Path graph) throws OrtException {
        try (OrtSession session = OrtEnvironment.getEnvironment().createSession(graph.toString())) {
            assertTrue(session.getNumInputs() > 0);
        } catch (OrtException e) {
            assertEquals(OrtException.OrtErrorCode.ORT_NOT_IMPLEMENTED, e.getCode(), e.getMessage());
        }
    }

    private BundlePlan plan(Model layered, DType rowType) throws IOException {
        Model cut = Bundles.run(layered, BuiltinPasses.SEGMENTING);
        Path folder = temp.resolve(layered.info().name() + rowType);
        BundleWriter.write(BundleSpec.of(Bundles.run(layered, BuiltinPasses.LOWERING)).engines(Bundles.engines(cut, rowType)).toolVersion("test").build(),
                folder, false, WriteProgress.NONE);
        return BundlePlan.open(Bundle.open(folder));
    }

    /** Against attention in the IR, of one row. */
    private static void attention(BundlePlan plan) throws OrtException {
        for (BundlePlan.AttentionForm form : plan.attentions().keySet()) {
            Attention a = form.kind();
            var b = new RegionBuilder();
            Dim n = Dim.of("tokens");
            Param q = b.param("q", TensorType.of(DType.F32, n, Dim.of((long) a.heads() * a.headDim())));
            Param k = b.param("k", TensorType.of(DType.F32, n, Dim.of((long) a.kvHeads() * a.headDim())));
            Param v = b.param("v", TensorType.of(DType.F32, n, Dim.of((long) a.kvHeads() * a.headDim())));
            Param rows = b.param("rows", new RowsType(n));
            Region region = b.build(List.of(b.add("out", a, q, k, v, rows, rows)));
            Map<String, HostTensor> inputs = new HashMap<>(Map.of("q", random(q, 1), "k", random(k, 2), "v", random(v, 3)));
            Map<String, OnnxTensor> given = tensors(inputs);
            inputs.put("row_lengths", HostTensor.of((long) TOKENS));
            inputs.put("row_starts", HostTensor.of(0L));
            if (form.byIndex()) {
                for (String index : new String[] {"query_index", "key_index"}) {
                    given.put(index, OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), IntBuffer.wrap(IntStream.range(0, TOKENS).toArray()), new long[] {TOKENS}));
                }
            }
            try (Executor.Program program = new OrtExecutor(OrtOptions.DEFAULT).compile(region, plan.model().weights());
                    OrtSession session = OrtEnvironment.getEnvironment().createSession(plan.attentions().get(form).toString());
                    OrtSession.Result result = session.run(given)) {
                assertArrayEquals(program.run(inputs).getFirst().floats(), floats(result, "out"), 2e-5f, form.toString());
            }
        }
    }

    static Map<String, HostTensor> inputs(Region body) {
        var inputs = new HashMap<String, HostTensor>();
        body.params().forEach(p -> inputs.put(p.name(), random(p, p.name().hashCode())));
        return inputs;
    }

    /** As closely as sums in another order are. */
    static void same(float[] expected, float[] found, String what) {
        assertArrayEquals(expected, found, 2e-5f, what);
    }

    private static HostTensor random(Param p, long seed) {
        long width = p.tensor().rank() < 2 ? 1 : p.tensor().lastSize();
        var random = new Random(seed);
        var values = new float[(int) (TOKENS * width)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return p.tensor().rank() < 2 ? HostTensor.of(values, TOKENS) : HostTensor.of(values, TOKENS, width);
    }

    static Map<String, OnnxTensor> tensors(Map<String, HostTensor> inputs) throws OrtException {
        var made = new HashMap<String, OnnxTensor>();
        for (Map.Entry<String, HostTensor> e : inputs.entrySet()) {
            made.put(e.getKey(), OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), FloatBuffer.wrap(e.getValue().floats()), e.getValue().shape()));
        }
        return made;
    }

    static float[] floats(OrtSession.Result result, String name) {
        FloatBuffer buffer = ((OnnxTensor) result.get(name).orElseThrow()).getFloatBuffer();
        var values = new float[buffer.remaining()];
        buffer.get(values);
        return values;
    }
}
