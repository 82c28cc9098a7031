// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.depthc.backend.onnx.TinyDecoder.Layer;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.NodeProto;
import io.github.depthc.backend.onnx.proto.TensorProto;
import io.github.depthc.backend.onnx.proto.ValueInfoProto;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Origin;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxEmitterTest {
    private static final EmitOptions CONTRIB = new EmitOptions(false, "1.2.3");
    private static final EmitOptions PORTABLE = new EmitOptions(true, "1.2.3");
    private static final WeightPlacement NONE = w -> {
        throw new AssertionError("not asked for " + w);
    };

    private static List<String> names(List<ValueInfoProto> infos) {
        return infos.stream().map(ValueInfoProto::getName).toList();
    }

    private static Region routed() {
        return TinyDecoder.of(8, 0, null, Layer.pmod(0.5), Layer.plain(0.5, true));
    }

    @Test
    void aDecodersInputsAndOutputs() {
        ModelProto model = OnnxEmitter.emit(routed(), CONTRIB, NONE).model();
        assertEquals(List.of("input_ids", "position_ids", "row_lengths", "row_starts", "candidates", "logits_at", "cache_lengths",
                "past_key_values.0.key", "past_key_values.0.value", "past_key_values.1.key", "past_key_values.1.value",
                "past_key_values.2.key", "past_key_values.2.value"), names(model.getGraph().getInputList()));
        assertEquals(List.of("logits", "present_lengths", "present.0.key", "present.0.value", "present.1.key", "present.1.value",
                "present.2.key", "present.2.value"), names(model.getGraph().getOutputList()));
        assertEquals("1.2.3", model.getProducerVersion());
        assertEquals(10, model.getIrVersion());
    }

    @Test
    void inputsThatNothingReadsAreLeftOut() {
        ModelProto model = OnnxEmitter.emit(TinyDecoder.of(8, 0, (Layer) null), PORTABLE, NONE).model();
        assertEquals(List.of("input_ids", "position_ids", "row_lengths", "logits_at", "cache_lengths", "past_key_values.0.key",
                "past_key_values.0.value"), names(model.getGraph().getInputList()));
    }

    @Test
    void theSameGraphGivesTheSameBytes() {
        for (EmitOptions options : List.of(CONTRIB, PORTABLE)) {
            assertArrayEquals(OnnxEmitter.emit(routed(), options, NONE).model().toByteArray(),
                    OnnxEmitter.emit(routed(), options, NONE).model().toByteArray());
        }
    }

    @Test
    void thePortableFormHasStandardOperatorsOnly() {
        ModelProto model = OnnxEmitter.emit(TinyDecoder.of(8, 3, null, Layer.gamma(.3, .5), Layer.plain(0.5, false)), PORTABLE, NONE).model();
        assertEquals(1, model.getOpsetImportCount());
        assertEquals(23, model.getOpsetImport(0).getVersion());
        var nodes = new ArrayList<>(model.getGraph().getNodeList());
        for (int i = 0; i < nodes.size(); i++) {
            assertEquals("", nodes.get(i).getDomain(), nodes.get(i).getOpType());
            nodes.get(i).getAttributeList().forEach(a -> nodes.addAll(a.getG().getNodeList()));
        }
        assertTrue(nodes.stream().anyMatch(n -> n.getOpType().equals("If")));
    }

    @Test
    void weightsStandOutsideBranches() {
        ModelProto model = OnnxEmitter.emit(routed(), CONTRIB, NONE).model();
        for (NodeProto node : model.getGraph().getNodeList()) {
            node.getAttributeList().forEach(a -> assertEquals(0, a.getG().getInitializerCount()));
        }
    }

    private static TensorType f(DType dtype, long... shape) {
        return TensorType.fixed(dtype, shape);
    }

    private static WeightExpr stored(DType dtype, String name, long... shape) {
        return new WeightExpr.Stored("checkpoint", name, f(dtype, shape));
    }

    @Test
    void equalWeightsShareAnInitializer() {
        var b = new RegionBuilder();
        var ids = b.param("ids", TensorType.of(DType.I64, Dim.TOKENS));
        var x = b.add("x", new Embedding(), ids, b.add("w", new Weight(stored(DType.F32, "embed", 5, 4))));
        var y = b.add("y", new Linear(), x, b.add("w", new Weight(stored(DType.F32, "embed", 5, 4))));
        var z = b.add("z", new Linear(), x, b.add("w", new Weight(stored(DType.F32, "other", 5, 4))));
        var asked = new ArrayList<WeightExpr>();
        Emission e = OnnxEmitter.emit(b.build(List.of(y, z)), CONTRIB, w -> {
            asked.add(w);
            return new WeightPlacement.Placed("weights.bin", 64 * asked.size(), 80, DType.F32);
        });
        assertEquals(List.of(stored(DType.F32, "embed", 5, 4), stored(DType.F32, "other", 5, 4)), asked);
        assertEquals(List.of("embed", "other"), e.weights().stream().map(EmittedWeight::name).toList());
        TensorProto t = e.model().getGraph().getInitializer(0);
        assertEquals(TensorProto.DataLocation.EXTERNAL, t.getDataLocation());
        assertEquals(List.of(5L, 4L), t.getDimsList());
        assertEquals(List.of("location=weights.bin", "offset=64", "length=80"),
                t.getExternalDataList().stream().map(d -> d.getKey() + "=" + d.getValue()).toList());
    }

    /** A BF16 checkpoint used as it is, at an odd offset of its file. */
    @Test
    void sixteenBitWeightsAreCast(@TempDir Path folder) throws IOException, OrtException {
        float[] values = {1, -2, 0.5f, 3, 0.25f, -1};
        ByteBuffer bytes = ByteBuffer.allocate(7 + 12).order(ByteOrder.LITTLE_ENDIAN);
        bytes.position(7);
        for (float v : values) {
            bytes.putShort((short) (Float.floatToRawIntBits(v) >>> 16));
        }
        Files.write(folder.resolve("weights.bin"), bytes.array());
        var b = new RegionBuilder();
        var ids = b.param("ids", TensorType.of(DType.I64, Dim.TOKENS));
        var w = b.add("w", new Weight(stored(DType.BF16, "embed", 3, 2)));
        var x = b.add("x", new Embedding(), ids, w);
        var y = b.add("y", new Linear(), x, w);
        Emission e = OnnxEmitter.emit(b.build(List.of(x, y)), CONTRIB, q -> new WeightPlacement.Placed("weights.bin", 7, 12, DType.BF16));
        assertEquals(1, e.weights().size());
        Path file = folder.resolve("model.onnx");
        OnnxFiles.write(e.model(), file);
        var environment = OrtEnvironment.getEnvironment();
        try (var options = new OrtSession.SessionOptions(); OrtSession session = environment.createSession(file.toString(), options);
                OnnxTensor id = OnnxTensor.createTensor(environment, new long[] {2, 0});
                OrtSession.Result result = session.run(Map.of("ids", id))) {
            assertArrayEquals(new float[][] {{0.25f, -1}, {1, -2}}, (float[][]) result.get("out.0").orElseThrow().getValue());
            assertArrayEquals(new float[][] {{2.25f, -2.875f, 1.0625f}, {5, -5.5f, 2.25f}}, (float[][]) result.get("out.1").orElseThrow().getValue());
        }
    }

    @Test
    void aPlacementOfTheWrongSizeIsRefused() {
        var b = new RegionBuilder();
        var x = b.param("x", TensorType.of(DType.F32, Dim.TOKENS, Dim.of(4)));
        var y = b.add("y", new Linear(), x, b.add("w", new Weight(stored(DType.BF16, "w", 5, 4))));
        Region region = b.build(List.of(y));
        assertThrows(IllegalArgumentException.class,
                () -> OnnxEmitter.emit(region, CONTRIB, w -> new WeightPlacement.Placed("weights.bin", 0, 40, DType.F32)));
    }

    @Test
    void yieldsMayBeParametersWeightsAndOneValueTwice() {
        var t = new TestGraph(1);
        var x = t.tokens("x", 3, 2);
        var w = t.weight(2, 2);
        var y = t.add(new Unary.Tanh(), x);
        t.check(1e-6, x, w, y, y);
    }

    /** A kind of a plug-in that nothing has lowered. */
    private record Foreign() implements OpKind {
        @Override
        public String mnemonic() {
            return "acme.swizzle";
        }

        @Override
        public List<Type> infer(List<Type> operands, List<Region> regions) {
            return List.of(operands.getFirst());
        }
    }

    @Test
    void anUnknownKindIsNamed() {
        var b = new RegionBuilder().at(Location.of("layer 3"));
        var x = b.param("x", TensorType.of(DType.F32, Dim.TOKENS));
        Region region = b.build(List.of(b.add("y", new Foreign(), x)));
        assertEquals("layer 3: op 'acme.swizzle' of " + Origin.of(Foreign.class) + " has no ONNX form; expected a kind that says how it is lowered (Lowerable), or one whose jar has an OnnxOp for it",
                assertThrows(InputException.class, () -> OnnxEmitter.emit(region, CONTRIB, NONE)).getMessage());
    }

    @Test
    void badParametersAreNamed() {
        var half = new RegionBuilder();
        var x = half.param("x", TensorType.of(DType.F16, Dim.TOKENS));
        refused(half.build(List.of(x)), "%x", "f16[tokens]");

        var twoRows = new RegionBuilder();
        var y = twoRows.param("y", TensorType.of(DType.F32, Dim.TOKENS));
        twoRows.param("rows", new RowsType(Dim.TOKENS));
        twoRows.param("more", new RowsType(Dim.TOKENS));
        refused(twoRows.build(List.of(y)), "%rows", "%more");

        var cache = new RegionBuilder();
        var c = cache.param("kv", new CacheType(1, 8, false));
        refused(cache.build(List.of(c)), "%kv", "cache.N");
    }

    private static void refused(Region region, String... parts) {
        String message = assertThrows(InputException.class, () -> OnnxEmitter.emit(region, CONTRIB, NONE)).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }
}
