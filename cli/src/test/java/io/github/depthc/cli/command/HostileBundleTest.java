// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bundles that were damaged by chance, and bundles whose {@code bundle.json} somebody wrote: a clear line or a result, never more. */
final class HostileBundleTest {
    /** Some tens of milliseconds are usual; a busy machine takes longer. */
    private static final double MOST_SECONDS = 20;

    @TempDir
    private static Path folder;

    private static Path bundle;

    @BeforeAll
    static void convert() {
        Path checkpoint = folder.resolve("checkpoint");
        bundle = folder.resolve("bundle");
        assertEquals(0, run("synth", "llama", "--hidden", 32, "--layers", 4, "--heads", 4, "--kv-heads", 2, "--intermediate", 48, "--vocab", 64,
                "--context", 64, "-o", checkpoint).code());
        Outcome o = run("convert", checkpoint, "-o", bundle, "--schedule", "constant(0.5)", "--layers", "1,2");
        assertEquals(0, o.code(), o.err());
        assertEquals(0, use("untouched"));
    }

    /** Inspects the bundle and runs one token; gives the larger exit code. */
    private static int use(String what) {
        int worst = 0;
        for (Object[] command : new Object[][] {{"inspect", bundle}, {"run", bundle, "--input-ids", "1", "--max-new-tokens", 1}}) {
            long start = System.nanoTime();
            Outcome o = run(command);
            assertTrue((System.nanoTime() - start) / 1e9 < MOST_SECONDS, what);
            assertTrue(o.code() <= 2, () -> what + ": " + o.code());
            assertFalse(o.err().contains("internal error"), () -> what + ": " + o.err());
            if (o.code() != 0) {
                assertEquals(1, o.err().lines().count(), () -> what + ": " + o.err());
                assertEquals("", o.out(), what);
            }
            worst = Math.max(worst, o.code());
        }
        return worst;
    }

    @Test
    void flippedCutAndExtendedFiles() throws IOException {
        var random = new Random(20260101);
        List<Path> files;
        try (Stream<Path> all = Files.walk(bundle)) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        for (int i = 0; i < 300; i++) {
            Path file = files.get(i % files.size());
            byte[] whole = Files.readAllBytes(file);
            String what = "case " + i + ", " + file.getFileName();
            Files.write(file, switch (random.nextInt(3)) {
                case 0 -> flipped(whole, random);
                case 1 -> Arrays.copyOf(whole, random.nextInt(whole.length));
                default -> Arrays.copyOf(whole, whole.length + 1 + random.nextInt(100));
            });
            assertEquals(2, use(what), what);
            Files.write(file, whole);
        }
        assertEquals(0, use("restored"));
    }

    private static byte[] flipped(byte[] bytes, Random random) {
        byte[] changed = bytes.clone();
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            changed[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return Arrays.equals(changed, bytes) ? flipped(bytes, random) : changed;
    }

    /** Every value of {@code bundle.json} in turn is replaced by others or left out, and the checksum made anew. */
    @Test
    void aDescriptionThatIsWrongButWhole() throws IOException {
        Path file = bundle.resolve("bundle.json");
        byte[] whole = Files.readAllBytes(file);
        var mapper = new ObjectMapper();
        List<List<Object>> places = places(mapper.readTree(whole));
        var f = JsonNodeFactory.instance;
        List<JsonNode> values = List.of(f.nullNode(), f.numberNode(0), f.numberNode(-1), f.numberNode(3), f.numberNode(51_200_000),
                f.numberNode(Long.MAX_VALUE), f.numberNode(0.25), f.textNode(""), f.textNode("dense"), f.booleanNode(true), f.booleanNode(false),
                f.arrayNode(), f.objectNode());
        var random = new Random(7);
        int refused = 0;
        int cases = 0;
        for (List<Object> place : places) {
            for (int n = 0; n < 3; n++) {
                JsonNode tree = mapper.readTree(whole);
                JsonNode value = n == 0 ? null : values.get(random.nextInt(values.size()));
                put(tree, place, value);
                Files.writeString(file, sealed(tree));
                refused += use(place + " = " + value) == 0 ? 0 : 1;
                cases++;
            }
        }
        Files.write(file, whole);
        assertEquals(0, use("restored"));
        // What changes nothing that counts, such as a name, may be taken.
        assertTrue(refused > cases * 0.9, refused + " of " + cases);
    }

    /** Damage of the graph that the checksums do not show. */
    @Test
    void aGraphThatIsDamagedAndSealedAnew() throws IOException {
        Path graph = bundle.resolve("model.onnx");
        Path file = bundle.resolve("bundle.json");
        byte[] whole = Files.readAllBytes(graph);
        byte[] description = Files.readAllBytes(file);
        var mapper = new ObjectMapper();
        var random = new Random(11);
        for (int i = 0; i < 40; i++) {
            byte[] changed = i == 0 ? "<html>not found</html>".getBytes(StandardCharsets.UTF_8) : flipped(whole, random);
            Files.write(graph, changed);
            JsonNode tree = mapper.readTree(description);
            for (JsonNode entry : tree.get("files")) {
                if (entry.get("path").textValue().equals("model.onnx")) {
                    ((ObjectNode) entry).put("size", changed.length).put("sha256", sha256(changed));
                }
            }
            Files.writeString(file, sealed(tree));
            Outcome o = run("run", bundle, "--input-ids", "1", "--max-new-tokens", 1);
            assertTrue(o.code() <= 2, o.err());
            assertFalse(o.err().contains("internal error") || o.err().contains("ORT_") || o.err().contains("Error code"), o.err());
        }
        Files.write(graph, whole);
        Files.write(file, description);
        assertEquals(0, use("restored"));
    }

    private static List<List<Object>> places(JsonNode node) {
        var found = new ArrayList<List<Object>>();
        if (node instanceof ObjectNode object) {
            object.fieldNames().forEachRemaining(key -> add(found, key, object.get(key)));
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                add(found, i, array.get(i));
            }
        }
        return found;
    }

    private static void add(List<List<Object>> to, Object key, JsonNode value) {
        to.add(List.of(key));
        for (List<Object> inner : places(value)) {
            var path = new ArrayList<Object>(List.of(key));
            path.addAll(inner);
            to.add(path);
        }
    }

    private static void put(JsonNode tree, List<Object> place, JsonNode value) {
        JsonNode holder = tree;
        for (Object key : place.subList(0, place.size() - 1)) {
            holder = key instanceof Integer i ? holder.get(i) : holder.get((String) key);
        }
        switch (holder) {
            case ObjectNode object when value == null -> object.remove((String) place.getLast());
            case ObjectNode object -> object.set((String) place.getLast(), value);
            case ArrayNode array when value == null -> array.remove((int) place.getLast());
            default -> ((ArrayNode) holder).set((int) place.getLast(), value);
        }
    }

    /** As docs/bundle.md says; a document without a place for the checksum stays as it is. */
    private static String sealed(JsonNode tree) throws IOException {
        if (!(tree instanceof ObjectNode object) || !object.path("bundle_sha256").isTextual()) {
            return tree.toString();
        }
        String open = object.put("bundle_sha256", "0".repeat(64)).toString();
        return object.put("bundle_sha256", sha256(open.getBytes(StandardCharsets.UTF_8))).toString();
    }

    private static String sha256(byte[] bytes) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IOException(e);
        }
    }
}
