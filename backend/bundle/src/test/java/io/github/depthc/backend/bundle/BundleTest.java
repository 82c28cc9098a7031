// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Assumptions;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bundles written and opened again. */
final class BundleTest {
    @TempDir
    private Path dir;
    private Path in;
    private Path out;

    @BeforeEach
    void folders() throws IOException {
        in = Files.createDirectory(dir.resolve("in"));
        out = Files.createDirectory(dir.resolve("out"));
    }

    private List<String> left() throws IOException {
        try (var list = Files.list(out)) {
            return list.map(p -> p.getFileName().toString()).toList();
        }
    }

    private BundleSpec.Builder spec(DType dtype) throws IOException {
        Files.writeString(in.resolve("tokenizer.json"), "{\"a\": 1}");
        return BundleSpec.of(TinyModel.of(in, dtype)).tokens(new TokenIds(OptionalInt.of(1), List.of(2)))
                .file("tokenizer.json", in.resolve("tokenizer.json")).text(BundleSpec.REPORT, "<html></html>").toolVersion("test");
    }

    private Bundle written(DType dtype) throws IOException {
        BundleWriter.write(spec(dtype).build(), out.resolve("b"), false, WriteProgress.NONE);
        return Bundle.open(out.resolve("b"), Verify.FULL);
    }

    @Test
    void sourceCopiesTheCheckpointAndDerivesTheRest() throws IOException {
        Bundle b = written(DType.F32);
        assertEquals(List.of("b"), left());
        assertEquals(List.of("model.onnx", "report.html", "tokenizer.json", "weights/derived-00001.bin", "weights/tiny.safetensors"),
                b.info().files().stream().map(FileEntry::path).toList());
        assertEquals(-1, Files.mismatch(in.resolve("tiny.safetensors"), b.file("weights/tiny.safetensors")));
        assertEquals(8 * 4 * 4, Files.size(b.file("weights/derived-00001.bin")));
        assertEquals(WeightsVariant.SOURCE, b.component(Bundle.DECODER).weights());
        assertEquals("{\"a\": 1}", Files.readString(b.file("tokenizer.json")));
        assertEquals(new TokenIds(OptionalInt.of(1), List.of(2)), b.info().tokens());
        assertEquals(List.of(LayerPlan.dense(0)), b.info().layers());
        assertEquals(1, b.info().caches().size());
    }

    @Test
    void weightsThatAreInNoFileAreWrittenBesideTheCopiedOnes() throws IOException {
        Model model = TinyModel.of(in, DType.F32);
        float[] values = new float[8 * 8];
        for (int i = 0; i < values.length; i++) {
            values[i] = i * 0.25f - 3;
        }
        MemorySegment bytes = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, values);
        Model computed = model.withWeights(w -> w.name().equals("q") ? new WeightStore.Extent(bytes) : model.weights().find(w));
        BundleWriter.write(BundleSpec.of(computed).build(), out.resolve("b"), false, WriteProgress.NONE);
        Bundle b = Bundle.open(out.resolve("b"), Verify.FULL);
        assertEquals(-1, Files.mismatch(in.resolve("tiny.safetensors"), b.file("weights/tiny.safetensors")));
        byte[] derived = Files.readAllBytes(b.file("weights/derived-00001.bin"));
        assertEquals(8 * 8 * 4 + 8 * 4 * 4, derived.length);
        assertArrayEquals(bytes.toArray(ValueLayout.JAVA_BYTE), Arrays.copyOf(derived, 8 * 8 * 4));
    }

    @Test
    void sixteenBitWeightsBecomeF32() throws IOException {
        Bundle b = written(DType.BF16);
        assertEquals(WeightsVariant.FP32, b.component(Bundle.DECODER).weights());
        assertEquals(List.of("model.onnx", "report.html", "tokenizer.json", "weights/fp32-00001.bin"),
                b.info().files().stream().map(FileEntry::path).toList());
        // The embedding comes first: each BF16 is the upper half of its F32.
        byte[] source = Files.readAllBytes(in.resolve("tiny.safetensors"));
        byte[] f32 = Files.readAllBytes(b.file("weights/fp32-00001.bin"));
        for (int i = 0; i < 16 * 8; i++) {
            assertArrayEquals(new byte[] {0, 0, source[8 + 2 * i], source[9 + 2 * i]}, Arrays.copyOfRange(f32, 4 * i, 4 * i + 4));
        }
        // The table is used twice and stored once; every weight begins at a multiple of 64.
        assertEquals(16 * 8 * 4 + 8 * 8 * 4 + 4 * 8 * 4 + 4 * 8 * 4, f32.length);
    }

    @Test
    void matricesBecomeBf16() throws IOException {
        BundleWriter.write(spec(DType.F32).weights(WeightsVariant.BF16).build(), out.resolve("b"), false, WriteProgress.NONE);
        Bundle b = Bundle.open(out.resolve("b"), Verify.FULL);
        ByteBuffer source = ByteBuffer.wrap(Files.readAllBytes(in.resolve("tiny.safetensors"))).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer halves = ByteBuffer.wrap(Files.readAllBytes(b.file("weights/bf16-00001.bin"))).order(ByteOrder.LITTLE_ENDIAN);
        int begin = 8; // where the tiny model has its embedding
        for (int i = 0; i < 16 * 8; i++) {
            float exact = source.getFloat(begin + 4 * i);
            float stored = Float.intBitsToFloat(halves.getShort(2 * i) << 16);
            assertEquals(exact, stored, Math.abs(exact) / 256, "element " + i);
        }
    }

    @Test
    void progressEndsAtTheTotal() throws IOException {
        var last = new AtomicLong();
        var total = new AtomicLong();
        BundleSpec spec = spec(DType.F32).build();
        BundleWriter.write(spec, out.resolve("b"), false, (file, done, all) -> {
            last.accumulateAndGet(done, Math::max);
            total.set(all);
        });
        assertEquals(total.get(), last.get());
        BundleSize size = BundleWriter.measure(spec);
        assertEquals(total.get(), size.copied() + size.derived());
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void theSizeIsThatOfTheFiles(DType dtype) throws IOException {
        BundleSpec spec = spec(dtype).text(BundleSpec.REPORT, "<html>≤ γ</html>").build();
        BundleWriter.write(spec, out.resolve("b"), false, WriteProgress.NONE);
        long bytes = 0;
        try (var files = Files.walk(out.resolve("b"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
        }
        assertEquals(bytes, BundleWriter.measure(spec).total());
        assertEquals(bytes, Bundle.open(out.resolve("b")).bytes());
    }

    /** Somebody changes what is said of the graph, and makes the checksum anew. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\"portable\" : false | \"portable\" : true | components[0].portable is true, expected false as model.onnx was made for",
        "\"weights\" : \"source\" | \"weights\" : \"fp32\" | components[0].weights is \"fp32\", expected \"source\"",
        "\"decode\" : \"dense\" | \"decode\" : \"threshold\" | routing.decode is \"threshold\", expected \"dense\"",
        "\"candidates\" : \"given\" | \"candidates\" : \"all\" | routing.candidates is \"all\", expected \"given\"",
        "\"indexed\" : false | \"indexed\" : true | routing.layers[0].cache.indexed is true, expected false",
        "\"architecture\" : \" | \"architecture\" : \"x | model.architecture is \"x",
    })
    void whatTheGraphWasNotMadeForIsRefused(String found, String replaced, String expected) throws IOException {
        written(DType.F32);
        Path json = out.resolve("b/bundle.json");
        String text = Files.readString(json);
        assertTrue(text.contains(found), text);
        Files.writeString(json, BundleJsonTest.sealed(text.replace(found, replaced)));
        refused(json, expected);
    }

    @Test
    void aDenseLayerDoesNotBecomeARoutedOneByItsDescription() throws IOException {
        written(DType.F32);
        Path json = out.resolve("b/bundle.json");
        BundleInfo i = BundleJson.read(json);
        Files.write(json, BundleJson.write(new BundleInfo(i.toolVersion(), i.model(), i.output(), List.of(LayerPlan.mod(0, Routing.plain(0.5), "plain")), i.caches(),
                Routing.Candidates.PROMPT, i.decode(), i.tokens(), i.components(), i.files())));
        refused(json, "routing.candidates is \"prompt\", expected \"given\" as model.onnx was made for");
    }

    @Test
    void whatChangesNothingMayBeSealedAnew() throws IOException {
        written(DType.F32);
        Path json = out.resolve("b/bundle.json");
        Files.writeString(json, BundleJsonTest.sealed(Files.readString(json).replace("\"tool_version\" : \"test\"", "\"tool_version\" : \"other\"")));
        assertEquals("other", Bundle.open(out.resolve("b")).info().toolVersion());
    }

    @Test
    void aGraphThatIsNoneIsRefused() throws IOException {
        written(DType.F32);
        Path graph = out.resolve("b/model.onnx");
        for (byte[] bytes : new byte[][] {"<html>not found</html>".getBytes(StandardCharsets.UTF_8), {}}) {
            Files.write(graph, bytes);
            Path json = out.resolve("b/bundle.json");
            BundleInfo i = BundleJson.read(json);
            List<FileEntry> files = i.files().stream().map(f -> f.path().equals("model.onnx") ? new FileEntry(f.path(), bytes.length, Checksums.of(bytes), null) : f)
                    .toList();
            Files.write(json, BundleJson.write(new BundleInfo(i.toolVersion(), i.model(), i.output(), i.layers(), i.caches(), i.candidates(), i.decode(), i.tokens(),
                    i.components(), files)));
            refused(graph, bytes.length == 0 ? "does not say what it was made for" : "is no ONNX graph of a bundle");
        }
    }

    @Test
    void anEmptyFolderIsFilled() throws IOException {
        Files.createDirectory(out.resolve("b"));
        written(DType.F32);
        assertEquals(List.of("b"), left());
    }

    @Test
    void aBundleThatWasNotCopiedWholeIsSaidToBe() throws IOException {
        written(DType.F32);
        Files.delete(out.resolve("b/bundle.json"));
        assertTrue(Bundle.isIncomplete(out.resolve("b")));
        refused(out.resolve("b/bundle.json"), "a bundle that was not copied whole");
    }

    @Test
    void canBeMovedAndLosesItsSource() throws IOException {
        written(DType.F32);
        Files.move(out.resolve("b"), dir.resolve("elsewhere"));
        Files.delete(in.resolve("tiny.safetensors"));
        Bundle.open(dir.resolve("elsewhere"), Verify.FULL);
    }

    @Test
    void existingTargetStaysUnlessForced() throws IOException {
        written(DType.F32);
        var e = assertThrows(InputException.class,
                () -> BundleWriter.write(spec(DType.F32).build(), out.resolve("b"), false, WriteProgress.NONE));
        assertTrue(e.getMessage().contains("exists already"), e.getMessage());
        BundleWriter.write(spec(DType.BF16).build(), out.resolve("b"), true, WriteProgress.NONE);
        assertEquals(WeightsVariant.FP32, Bundle.open(out.resolve("b")).component(Bundle.DECODER).weights());
        assertEquals(List.of("b"), left());
    }

    @Test
    void forceReplacesABundleOnly() throws IOException {
        Path file = Files.writeString(Files.createDirectory(out.resolve("b")).resolve("thesis.txt"), "years of work");
        for (Path target : List.of(out.resolve("b"), file)) {
            assertThrows(InputException.class, () -> BundleWriter.checkTarget(target, true));
            var unforced = assertThrows(InputException.class, () -> BundleWriter.checkTarget(target, false));
            assertFalse(unforced.getMessage().contains("--force"), unforced.getMessage());
            assertThrows(InputException.class, () -> BundleWriter.write(spec(DType.F32).build(), target, true, WriteProgress.NONE));
        }
        assertEquals("years of work", Files.readString(file));
        assertEquals(List.of("b"), left());
    }

    @Test
    void forceDeletesNothingThatIsNoPartOfABundle() throws IOException {
        written(DType.F32);
        Path target = out.resolve("b");
        Path own = Files.writeString(target.resolve("weights/notes.txt"), "mine");
        var e = assertThrows(InputException.class, () -> BundleWriter.write(spec(DType.F32).build(), target, true, WriteProgress.NONE));
        assertTrue(e.getMessage().contains("has weights/notes.txt in it, which is no part of the bundle"), e.getMessage());
        Files.delete(own);
        BundleWriter.write(spec(DType.F32).build(), target, true, WriteProgress.NONE);
        Path link = Files.createSymbolicLink(dir.resolve("link"), target);
        BundleWriter.write(spec(DType.F32).build(), link, true, WriteProgress.NONE);
        assertTrue(Files.isSymbolicLink(link));
        Bundle.open(link, Verify.FULL);

        Files.writeString(target.resolve("bundle.json"), "{}");
        var other = assertThrows(InputException.class, () -> BundleWriter.write(spec(DType.F32).build(), target, true, WriteProgress.NONE));
        assertTrue(other.getMessage().contains("it is no bundle and is not replaced"), other.getMessage());
    }

    @Test
    void aLongNameIsANameAndOneThatIsTooLongIsSaidToBe() throws IOException {
        String name = "ü".repeat(127);
        BundleWriter.write(spec(DType.F32).build(), out.resolve(name), false, WriteProgress.NONE);
        assertEquals(List.of(name), left());
        var e = assertThrows(InputException.class, () -> BundleWriter.write(spec(DType.F32).build(), out.resolve(name + "üü"), false, WriteProgress.NONE));
        assertTrue(e.getMessage().endsWith(": its name takes 258 bytes, expected at most 255; give a shorter one"), e.getMessage());
    }

    @Test
    void forceDoesNotReplaceWhatItReads() throws IOException {
        Files.writeString(in.resolve("bundle.json"), "{\"depthc_bundle\": 1}");
        for (WeightsVariant variant : List.of(WeightsVariant.SOURCE, WeightsVariant.FP32)) {
            BundleSpec spec = BundleSpec.of(TinyModel.of(in, DType.F32)).weights(variant).build();
            var e = assertThrows(InputException.class, () -> BundleWriter.write(spec, in, true, WriteProgress.NONE));
            assertTrue(e.getMessage().contains("tiny.safetensors in it, which the bundle is made from"), e.getMessage());
        }
        assertTrue(Files.exists(in.resolve("tiny.safetensors")));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 5, 7})
    void failingStoreLeavesNothing(int calls) throws IOException {
        Model model = TinyModel.of(in, DType.BF16);
        var left = new AtomicInteger(calls);
        WeightStore failing = w -> {
            if (left.getAndDecrement() == 0) {
                throw new UncheckedIOException(new IOException("the disk is on fire"));
            }
            return model.weights().find(w);
        };
        BundleSpec spec = BundleSpec.of(model.withWeights(failing)).build();
        var e = assertThrows(UncheckedIOException.class, () -> BundleWriter.write(spec, out.resolve("x/b"), false, WriteProgress.NONE));
        assertTrue(e.getMessage().contains("on fire"), e.getMessage());
        assertEquals(List.of(), left());
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void failureWhileWritingLeavesNothing(DType dtype) throws IOException {
        BundleSpec spec = spec(dtype).build();
        var e = assertThrows(IllegalStateException.class, () -> BundleWriter.write(spec, out.resolve("b"), false, (file, done, total) -> {
            throw new IllegalStateException("stop");
        }));
        assertEquals("stop", e.getMessage());
        assertEquals(List.of(), left());
    }

    @Test
    void vanishedFileLeavesNothing() throws IOException {
        BundleSpec spec = spec(DType.F32).build();
        Files.delete(in.resolve("tokenizer.json"));
        assertThrows(IOException.class, () -> BundleWriter.write(spec, out.resolve("b"), false, WriteProgress.NONE));
        assertEquals(List.of(), left());
    }

    @Test
    void fullDiskIsFoundBeforehand() throws IOException {
        BundleSpec spec = spec(DType.F32).build();
        try (var f = new RandomAccessFile(in.resolve("tiny.safetensors").toFile(), "rw")) {
            f.setLength(8L << 40); // sparse
        } catch (IOException e) {
            Assumptions.abort("no sparse files of 8 TiB here");
        }
        Assumptions.assumeTrue(Files.getFileStore(out).getUsableSpace() < 8L << 40);
        var e = assertThrows(IOException.class, () -> BundleWriter.write(spec, out.resolve("b"), false, WriteProgress.NONE));
        assertTrue(e.getMessage().matches("not enough disk space in .*: the bundle needs 8388\\d+\\.\\d\\d MiB, \\d+\\.\\d\\d MiB are free; make room or give another output path"),
                e.getMessage());
        assertEquals(List.of(), left());
    }

    @ParameterizedTest
    @ValueSource(strings = {"bundle.json", "model.onnx", "weights", "a/b", "../x", "", ".lock"})
    void reservedNames(String name) throws IOException {
        BundleSpec spec = spec(DType.F32).file(name, in.resolve("tokenizer.json")).build();
        var e = assertThrows(InputException.class, () -> BundleWriter.write(spec, out.resolve("b"), false, WriteProgress.NONE));
        assertTrue(e.getMessage().contains("\"" + name + "\""), e.getMessage());
        assertEquals(List.of(), left());
    }

    private void refused(Path file, String expected) {
        var e = assertThrows(InputException.class, () -> Bundle.open(out.resolve("b")));
        assertTrue(e.getMessage().contains(file.getFileName().toString()) && e.getMessage().contains(expected), e.getMessage());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }

    @Test
    void everyFileIsMissedChangedOrTruncated() throws IOException {
        for (FileEntry f : written(DType.F32).info().files()) {
            Path file = out.resolve("b").resolve(f.path());
            byte[] bytes = Files.readAllBytes(file);
            Files.delete(file);
            refused(file, "is missing");
            Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
            refused(file, "it is truncated");
            Files.write(file, Arrays.copyOf(bytes, bytes.length + 1));
            refused(file, "it has changed");
            byte[] other = bytes.clone();
            other[bytes.length / 2] ^= 1;
            Files.write(file, other);
            refused(file, "has changed since the bundle was written");
            Files.write(file, bytes);
            Bundle.open(out.resolve("b"));
        }
    }

    @Test
    void largeFilesAreSampledUnlessTheyAreNewerOrAllIsAsked() throws IOException {
        BundleSpec spec = spec(DType.F32).build();
        try (var f = new RandomAccessFile(in.resolve("tiny.safetensors").toFile(), "rw")) {
            f.setLength(100L << 20);
        }
        BundleWriter.write(spec, out.resolve("b"), false, WriteProgress.NONE);
        Path file = out.resolve("b/weights/tiny.safetensors");
        FileTime written = Files.getLastModifiedTime(file);
        poke(file, (100L << 20) - 1);
        Files.setLastModifiedTime(file, written);
        refused(file, "has changed");
        poke(file, (100L << 20) - 1);
        poke(file, Checksums.SAMPLE_BYTES); // just behind the first block
        Files.setLastModifiedTime(file, FileTime.fromMillis(written.toMillis() + 60_000));
        refused(file, "has changed");
        Files.setLastModifiedTime(file, written);
        Bundle.open(out.resolve("b"));
        var e = assertThrows(InputException.class, () -> Bundle.open(out.resolve("b"), Verify.FULL));
        assertTrue(e.getMessage().contains("tiny.safetensors has changed"), e.getMessage());
    }

    private static void poke(Path file, long at) throws IOException {
        try (var f = new RandomAccessFile(file.toFile(), "rw")) {
            f.seek(at);
            int old = f.read();
            f.seek(at);
            f.write(old ^ 1);
        }
    }

    @Test
    void linksMayNotLeaveTheBundle() throws IOException {
        written(DType.F32);
        Path file = out.resolve("b/tokenizer.json");
        Files.move(file, dir.resolve("moved"));
        Files.createSymbolicLink(file, dir.resolve("moved"));
        refused(file, "a link that leaves the bundle");
    }

    @ParameterizedTest
    @CsvSource({"hidden_size, hidden", "num_hidden_layers, layers", "vocab_size, vocab", "max_position_embeddings, context",
        "num_attention_heads, heads", "num_key_value_heads, kv_heads", "head_dim, head_dim", "intermediate_size, intermediate"})
    void sizesAgreeWithTheConfiguration(String key, String field) throws IOException {
        Path config = Files.writeString(in.resolve("config.json"), "{\"" + key + "\": 99}");
        BundleWriter.write(spec(DType.F32).file("config.json", config).build(), out.resolve("b"), false, WriteProgress.NONE);
        var e = assertThrows(InputException.class, () -> Bundle.open(out.resolve("b")));
        assertTrue(e.getMessage().contains("bundle.json: model." + field + " is ") && e.getMessage().contains("expected 99 as " + key), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"F32, SOURCE", "F32, FP32", "BF16, SOURCE", "BF16, FP32", "F16, FP32", "F64, FP32"})
    void weightsThatAreNoNumbersAreNamedAndNothingIsLeft(DType dtype, WeightsVariant variant) throws IOException {
        Model model = TinyModel.of(in, dtype);
        for (String tensor : List.of("embed", "q", "kv", "v")) {
            for (double value : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
                WeightExpr.Stored weight = model.nodes(Weight.class).stream().flatMap(n -> WeightStore.leaves(((Weight) n.kind()).expr()).stream())
                        .filter(w -> w.name().equals(tensor)).findFirst().orElseThrow();
                // Of kv the graph takes the first half.
                long at = model.weights().find(weight).offset() + (tensor.equals("kv") ? 0 : weight.byteSize() - dtype.bytes());
                byte[] old = TinyModel.poke(in, at, dtype, value);
                var e = assertThrows(InputException.class, () -> BundleWriter.write(BundleSpec.of(model).weights(variant).build(), out.resolve("b"),
                        false, WriteProgress.NONE));
                assertTrue(e.getMessage().matches(".*tiny.safetensors: tensor \"" + tensor + "\" .* has the value " + value + " at \\[\\d+, \\d+\\].*"),
                        e.getMessage());
                assertEquals(List.of(), left());
                TinyModel.restore(in, at, old);
            }
        }
        BundleWriter.write(BundleSpec.of(model).weights(variant).build(), out.resolve("b"), false, WriteProgress.NONE);
    }

    @Test
    void valuesTooLargeForF32AreRefused() throws IOException {
        Model model = TinyModel.of(in, DType.F64);
        TinyModel.poke(in, 8, DType.F64, 1e300);
        var e = assertThrows(InputException.class, () -> BundleWriter.write(BundleSpec.of(model).build(), out.resolve("b"), false, WriteProgress.NONE));
        assertTrue(e.getMessage().contains("tensor \"embed\" f64[16, 8] has the value 1.0E300 at [0, 0], the largest of its numbers, which is too large for f32"), e.getMessage());
    }

    /** What is finite in the checkpoint and in F32 may be infinite in the type that a GPU computes in. */
    @ParameterizedTest
    @EnumSource
    void valuesTooLargeForTheGpusTypeAreRefused(EngineParts.Form form) throws IOException {
        Model model = TinyModel.of(in, DType.F32);
        TinyModel.poke(in, 8 + 4 * 9, DType.F32, -65519);
        BundleWriter.write(BundleSpec.of(model).engines(parts(form, model, DType.F16)).build(), out.resolve("fits"), false, WriteProgress.NONE);
        TinyModel.poke(in, 8 + 4 * 9, DType.F32, -70000);
        var e = assertThrows(InputException.class, () -> BundleWriter.write(BundleSpec.of(model).engines(parts(form, model, DType.F16)).build(), out.resolve("b"), false, WriteProgress.NONE));
        assertTrue(e.getMessage().contains("tensor \"embed\" f32[16, 8] has the value -70000.0 at [1, 1], the largest of its numbers, which is too large for f16 (65504 at most)"), e.getMessage());
        assertTrue(e.getMessage().contains("take --precision bf16"), e.getMessage());
        assertFalse(Files.exists(out.resolve("b")));
        BundleWriter.write(BundleSpec.of(model).engines(parts(form, model, DType.BF16)).build(), out.resolve("b"), false, WriteProgress.NONE);
    }

    private static EngineParts parts(EngineParts.Form form, Model model, DType rowType) {
        return form == EngineParts.Form.SINGLE ? EngineParts.single(model, rowType) : new EngineParts(model, rowType, new TreeMap<>(Map.of(90, new byte[] {1})));
    }

    @Test
    void rulesThatDifferAreNamed() throws IOException {
        BundleSpec.Builder parts = spec(DType.F32).layers(List.of(LayerPlan.mod(0, Routing.plain(0.5), "plain"),
                LayerPlan.mod(1, Routing.pmod(0.5, new Routing.Gate.Tanh(1, 1), false), "pmod")));
        assertEquals("the layers have different rules (prompt and vision), expected one for all layers of a bundle; convert them with one style",
                assertThrows(InputException.class, parts::build).getMessage());
    }

    @Test
    void noBundle() throws IOException {
        for (Path p : List.of(out, dir.resolve("nothing"), Files.writeString(dir.resolve("f"), ""))) {
            var e = assertThrows(InputException.class, () -> Bundle.open(p));
            assertTrue(e.getMessage().startsWith(p.toString()) && e.getMessage().contains("expected a bundle's folder"), e.getMessage());
        }
    }
}
