// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.FileEntry;
import io.github.depthc.backend.onnx.proto.GraphProto;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.StringStringEntryProto;
import io.github.depthc.backend.onnx.proto.TensorProto;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.backend.plan.PlanFiles.AttentionGraph;
import io.github.depthc.backend.tensorrt.EngineStore.Found;
import io.github.depthc.backend.tensorrt.EnginesInfo.EngineFile;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.op.Attention;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EngineStoreTest {
    private static final String VERSION = "11.2.1";
    private static final Gpu H200 = new Gpu(0, "NVIDIA H200", 90, 132, 1L << 37, "13.0");

    @TempDir
    private Path bundle;
    private PlanFiles files;
    private String fingerprint;

    @BeforeEach
    void write() throws IOException {
        Path plan = Files.createDirectories(bundle.resolve("plan"));
        files = new PlanFiles(bundle, DType.BF16, List.of(graph(plan.resolve("segment-000.onnx"), 64), graph(plan.resolve("segment-001.onnx"), 16)),
                List.of(new AttentionGraph(new Attention(4, 2, 8, 1, 0, 0), false, graph(plan.resolve("attention.onnx"), 0))), new TreeMap<>());
        fingerprint = EngineStore.fingerprint(files, info("aa"));
        store(i -> i);
    }

    /** A graph with one weight of so many bytes in another file; none for 0. */
    private static Path graph(Path file, long bytes) throws IOException {
        return graph(file, TensorProto.DataType.BFLOAT16, bytes / 2, bytes);
    }

    private static Path graph(Path file, TensorProto.DataType type, long elements, long bytes) throws IOException {
        var graph = GraphProto.newBuilder();
        if (bytes > 0) {
            graph.addInitializer(TensorProto.newBuilder().setName("w").setDataType(type.getNumber()).addDims(elements)
                    .setDataLocation(TensorProto.DataLocation.EXTERNAL).addExternalData(entry("location", "../weights/w.bin")).addExternalData(entry("offset", "0"))
                    .addExternalData(entry("length", Long.toString(bytes))));
        }
        return Files.write(file, ModelProto.newBuilder().setGraph(graph).build().toByteArray());
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }

    private static BundleInfo info(String sha256) {
        return new BundleInfo("test", null, BundleInfo.Output.LOGITS, List.of(), List.of(), null, null, null, List.of(),
                List.of(new FileEntry("weights/w.bin", 64, sha256, null)));
    }

    private void store(UnaryOperator<EnginesInfo> change) throws IOException {
        Path folder = Files.createDirectories(EngineStore.folder(files, H200.name(), VERSION));
        var engines = new ArrayList<EngineFile>();
        for (String name : EngineStore.names(files)) {
            Files.writeString(folder.resolve(name), name);
            engines.add(new EngineFile(name, name.length()));
        }
        change.apply(new EnginesInfo(H200.name(), 90, VERSION, "13.0", 2048, 8, fingerprint, engines)).write(folder, EngineNames.JSON);
    }

    private String why(Gpu gpu, String version) throws IOException {
        return assertInstanceOf(Found.Missing.class, EngineStore.find(files, fingerprint, gpu, version)).why();
    }

    @Test
    void whatFits() throws IOException {
        var found = assertInstanceOf(Found.Fitting.class, EngineStore.find(files, fingerprint, H200, VERSION));
        assertEquals(bundle.resolve("engines/nvidia-h200-trt11.2.1"), found.folder());
        assertEquals(2048, found.info().maxPrompt());
        assertEquals(List.of("segment-000.engine", "segment-001.engine", "attention-000.engine"), found.info().engines().stream().map(EngineFile::file).toList());
    }

    @Test
    void whatDoesNotFit() throws IOException {
        assertTrue(why(H200, "11.3.0").startsWith("none are in "));
        assertTrue(why(new Gpu(0, "NVIDIA L4", 89, 58, 1L << 34, "13.0"), VERSION).contains("nvidia-l4"));
        assertTrue(why(new Gpu(0, "nvidia h200", 90, 132, 1L << 37, "13.0"), VERSION).contains("were built for NVIDIA H200"));
        assertTrue(why(new Gpu(0, "NVIDIA H200", 100, 132, 1L << 37, "13.0"), VERSION).contains("this is NVIDIA H200 of 100"));
        store(i -> new EnginesInfo(i.gpu(), 90, "11.2.0", "13.0", 1, 1, i.plan(), i.engines()));
        assertTrue(why(H200, VERSION).contains("by TensorRT 11.2.0, this is 11.2.1"));
        store(i -> new EnginesInfo(i.gpu(), 90, VERSION, "13.0", 1, 1, "another", i.engines()));
        assertTrue(why(H200, VERSION).contains("other graphs or weights"));
        store(i -> new EnginesInfo(i.gpu(), 90, VERSION, "13.0", 1, 1, i.plan(), List.of(new EngineFile("../../secret", 6))));
        assertTrue(why(H200, VERSION).contains("are 1 engines, expected 3"));
    }

    /** Engines are not taken before they have been compared with the CPU. */
    @Test
    void whatIsNotCheckedDoesNotFit() throws IOException {
        store(i -> i);
        Path folder = bundle.resolve("engines/nvidia-h200-trt11.2.1");
        Files.move(folder.resolve(EngineNames.JSON), folder.resolve(EngineNames.UNCHECKED));
        assertTrue(why(H200, VERSION).contains("were not found equal to the CPU"), why(H200, VERSION));
        assertInstanceOf(Found.Fitting.class, EngineStore.find(files, fingerprint, H200, VERSION, EngineNames.UNCHECKED));
    }

    @Test
    void filesThatWereCutOrDeleted() throws IOException {
        Path engine = EngineStore.folder(files, H200.name(), VERSION).resolve("segment-001.engine");
        Files.writeString(engine, "short");
        assertTrue(why(H200, VERSION).contains("segment-001.engine is missing or has another size"));
        Files.delete(engine);
        assertTrue(why(H200, VERSION).contains("segment-001.engine is missing or has another size"));
        Files.writeString(engine.resolveSibling("engines.json"), "{}");
        assertTrue(why(H200, VERSION).contains("depthc_engines is missing"));
    }

    @Test
    void fingerprintsDependOnGraphsWeightsAndPrecision() throws IOException {
        assertEquals(fingerprint, EngineStore.fingerprint(files, info("aa")));
        assertNotEquals(fingerprint, EngineStore.fingerprint(files, info("bb")));
        assertNotEquals(fingerprint, EngineStore.fingerprint(new PlanFiles(bundle, DType.F16, files.segments(), files.attentions(), files.kernels()), info("aa")));
        graph(files.segments().getFirst(), 32);
        assertNotEquals(fingerprint, EngineStore.fingerprint(files, info("aa")));
        assertTrue(assertThrows(InputException.class, () -> EngineStore.fingerprint(files, new BundleInfo("test", null, BundleInfo.Output.LOGITS, List.of(), List.of(), null,
                null, null, List.of(), List.of()))).getMessage().contains("weights/w.bin"));
    }

    @Test
    void theLargestEngineOrTheComparisonDecidesAboutMemory() throws IOException {
        BuildEstimate estimate = BuildEstimate.of(files);
        assertEquals(80, estimate.diskBytes());
        assertEquals(160, estimate.hostBytes() % (1 << 30)); // 80 bytes of BF16 in F32
        assertEquals(128, estimate.deviceBytes() % (1 << 30));
        assertTrue(estimate.text().contains("GiB of disk"), estimate.text());
    }

    /** The comparison unfolds integers of 4 bits to 8 times their bytes. */
    @Test
    void integersOfTheEnginesAreNumbersOfTheComparison() throws IOException {
        graph(files.segments().getFirst(), TensorProto.DataType.INT4, 128, 64);
        BuildEstimate estimate = BuildEstimate.of(files);
        assertEquals(80, estimate.diskBytes());
        assertEquals((128 + 8) * Float.BYTES, estimate.hostBytes() % (1 << 30));
        assertEquals(128, estimate.deviceBytes() % (1 << 30));
    }

    @Test
    void limitsAreAtLeastOne() {
        assertTrue(assertThrows(InputException.class, () -> new EngineBuilder.Limits(0, 1)).getMessage().contains("--max-prompt is 0"));
    }
}
