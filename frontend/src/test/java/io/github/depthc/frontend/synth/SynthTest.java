// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.synth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.safetensors.ShardedWriter;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.weight.WeightReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SynthTest {
    private static final JsonObject CONFIG = JsonObject.parse("{\"model_type\": \"llama\", \"hidden_size\": 64}", "synth");
    private static final ShardedWriter.Progress SILENT = (bytes, total) -> { };

    @TempDir
    private Path dir;

    private static LinkedHashMap<String, TensorType> tensors(DType type) {
        var tensors = new LinkedHashMap<String, TensorType>();
        tensors.put("embed.weight", TensorType.fixed(type, 500, 64));
        tensors.put("norm.weight", TensorType.fixed(type, 64));
        tensors.put("proj.bias", TensorType.fixed(type, 64));
        tensors.put("proj.weight", TensorType.fixed(type, 64, 64));
        return tensors;
    }

    private static float[] floats(Path checkpoint, String tensor) throws IOException {
        try (Checkpoint c = Checkpoint.open(checkpoint)) {
            return WeightReader.floats(c.weight(tensor), c);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F64", "F32", "F16", "BF16"})
    void valuesAreNormalAroundZeroOrOne(DType type) throws IOException {
        Path out = dir.resolve("c");
        Synth.write(out, CONFIG, tensors(type), 1, ShardedWriter.DEFAULT_SHARD_BYTES, SILENT);
        assertMoments(floats(out, "embed.weight"), 0, 0.02, 0.001);
        assertMoments(floats(out, "proj.bias"), 0, 0.02, 0.01);
        assertMoments(floats(out, "norm.weight"), 1, 0.02, 0.01);
    }

    private static void assertMoments(float[] values, double mean, double deviation, double tolerance) {
        double sum = 0;
        double squares = 0;
        for (float v : values) {
            sum += v;
            squares += (v - mean) * (v - mean);
        }
        assertEquals(mean, sum / values.length, tolerance);
        assertEquals(deviation, Math.sqrt(squares / values.length), tolerance);
    }

    @Test
    void shardsHoldTheSameTensorsAsOneFile() throws IOException {
        var tensors = tensors(DType.BF16);
        Path one = dir.resolve("one");
        Path many = dir.resolve("deep/many");
        Synth.write(one, CONFIG, tensors, 5, ShardedWriter.DEFAULT_SHARD_BYTES, SILENT);
        Synth.write(many, CONFIG, tensors, 5, 8000, SILENT);
        try (Checkpoint c = Checkpoint.open(many)) {
            assertEquals(List.of("model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors"),
                    c.files().stream().map(f -> f.getFileName().toString()).toList());
            assertEquals(64, c.config().requireInt("hidden_size", 1, 100));
            assertEquals(tensors.keySet(), c.tensors().keySet());
        }
        for (String name : tensors.keySet()) {
            assertArrayEquals(floats(one, name), floats(many, name), name);
        }
    }

    @Test
    void seedAndNameDecideTheValues() throws IOException {
        for (int i = 0; i < 3; i++) {
            Synth.write(dir.resolve("s" + i), CONFIG, tensors(DType.F32), i / 2, ShardedWriter.DEFAULT_SHARD_BYTES, SILENT);
        }
        assertArrayEquals(floats(dir.resolve("s0"), "embed.weight"), floats(dir.resolve("s1"), "embed.weight"));
        assertNotEquals(floats(dir.resolve("s0"), "embed.weight")[0], floats(dir.resolve("s2"), "embed.weight")[0]);
        assertNotEquals(floats(dir.resolve("s0"), "embed.weight")[0], floats(dir.resolve("s0"), "proj.weight")[0]);
    }

    @Test
    void progressEndsAtTheTotal() throws IOException {
        var last = new AtomicLong();
        Synth.write(dir.resolve("p"), CONFIG, tensors(DType.F16), 1, 8000, (bytes, total) -> {
            assertTrue(bytes > last.get() && bytes <= total);
            last.set(bytes);
            assertEquals((500 * 64 + 64 + 64 + 64 * 64) * 2, total);
        });
        assertEquals((500 * 64 + 64 + 64 + 64 * 64) * 2, last.get());
    }

    @Test
    void existingFolderIsNotTouched() throws IOException {
        Path file = Files.writeString(dir.resolve("mine"), "x");
        for (Path out : List.of(dir, file)) {
            assertThrows(InputException.class, () -> Synth.write(out, CONFIG, tensors(DType.F32), 1, 8000, SILENT));
        }
        assertEquals("x", Files.readString(file));
        Synth.write(Files.createDirectory(dir.resolve("empty")), CONFIG, tensors(DType.F32), 1, 8000, SILENT);
        Checkpoint.open(dir.resolve("empty")).close();
    }

    /** A process that writes and waits for its end. */
    static final class Writer {
        private Writer() {
        }

        public static void main(String[] args) throws IOException {
            Synth.write(Path.of(args[0]), CONFIG, tensors(DType.F32), 1, 8000, (bytes, total) -> {
                System.out.println("writing");
                try {
                    Thread.sleep(60_000);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
        }
    }

    private static Process writer(Path out) throws IOException {
        Process p = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), Writer.class.getName(), out.toString()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        assertEquals("writing", p.inputReader().readLine());
        return p;
    }

    @Test
    void aProcessThatIsEndedLeavesNothing() throws IOException, InterruptedException {
        Process p = writer(dir.resolve("e"));
        assertEquals(1, left().size());
        p.destroy();
        assertTrue(p.waitFor(30, TimeUnit.SECONDS));
        assertEquals(List.of(), left());
    }

    @Test
    void whatAKilledProcessLeftGoesWithTheNext() throws IOException, InterruptedException {
        Path out = dir.resolve("k");
        Process p = writer(out);
        p.destroyForcibly();
        assertTrue(p.waitFor(30, TimeUnit.SECONDS));
        assertEquals(1, left().size());
        Synth.write(out, CONFIG, tensors(DType.F32), 1, 8000, SILENT);
        assertEquals(List.of(out), left());
    }

    private List<Path> left() throws IOException {
        try (Stream<Path> files = Files.list(dir)) {
            return files.toList();
        }
    }

    @Test
    void failureLeavesNothing() throws IOException {
        Path out = dir.resolve("f");
        assertThrows(IllegalStateException.class, () -> Synth.write(out, CONFIG, tensors(DType.F32), 1, 8000, (bytes, total) -> {
            throw new IllegalStateException("stop");
        }));
        var tooLarge = new LinkedHashMap<>(Map.of("w", TensorType.fixed(DType.F32, 1L << 55)));
        String message = assertThrows(IOException.class, () -> Synth.write(out, CONFIG, tooLarge, 1, 8000, SILENT)).getMessage();
        assertTrue(message.startsWith(out.toString()), message);
        assertFalse(Files.exists(out));
        assertEquals(List.of(), left());
    }
}
