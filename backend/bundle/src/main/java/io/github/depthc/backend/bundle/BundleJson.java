// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.onnx.CacheMode;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.io.JsonProblem;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.mod.Routing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** {@code bundle.json}: text to {@link BundleInfo} and back. The schema is described in {@code docs/bundle.md}. */
final class BundleJson {
    /** Version of the schema, the field {@code depthc_bundle}. */
    static final int VERSION = 1;

    private static final long MAX_BYTES = 16 << 20;
    private static final int MAX_LAYERS = 1024;
    private static final int MAX_WIDTH = 1 << 24;
    private static final int MAX_VOCABULARY = 1 << 26;
    private static final int MAX_CONTEXT = 1 << 30;
    private static final int MAX_FILES = 4096;
    private static final int MAX_COMPONENTS = 64;
    private static final String SEAL = "bundle_sha256";
    /** Stands where a checksum will be. */
    static final String UNSEALED = "0".repeat(64);

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(32).maxStringLength(1 << 16).build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private BundleJson() {
    }

    static byte[] write(BundleInfo info) throws IOException {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("depthc_bundle", VERSION);
        root.put(SEAL, UNSEALED);
        root.put("tool_version", info.toolVersion());
        root.set("model", model(info));
        ObjectNode tokens = root.putObject("tokens");
        info.tokens().bos().ifPresent(id -> tokens.put("bos", id));
        ArrayNode eos = tokens.putArray("eos");
        info.tokens().eos().forEach(eos::add);
        root.set("routing", routing(info));
        ArrayNode components = root.putArray("components");
        info.components().forEach(c -> components.add(component(c)));
        ArrayNode files = root.putArray("files");
        for (FileEntry f : info.files()) {
            ObjectNode file = files.addObject().put("path", f.path()).put("size", f.size()).put("sha256", f.sha256());
            if (f.sample() != null) {
                file.put("sample", f.sample());
            }
        }
        byte[] text = MAPPER.writeValueAsBytes(root);
        return seal(text, UNSEALED, Checksums.of(text));
    }

    private static ObjectNode model(BundleInfo info) {
        ModelInfo m = info.model();
        ObjectNode model = MAPPER.createObjectNode().put("name", m.name()).put("architecture", m.architecture()).put("layers", m.layers())
                .put("hidden", m.hidden()).put("heads", m.heads()).put("kv_heads", m.kvHeads()).put("head_dim", m.headDim())
                .put("intermediate", m.intermediate()).put("vocab", m.vocab()).put("context", m.context());
        return info.output() == BundleInfo.Output.LOGITS ? model : model.put("output", JsonFields.text(info.output()));
    }

    private static ObjectNode routing(BundleInfo info) {
        ObjectNode routing = MAPPER.createObjectNode();
        routing.put("candidates", JsonFields.text(info.candidates()));
        routing.put("decode", JsonFields.text(info.decode()));
        ArrayNode layers = routing.putArray("layers");
        for (int i = 0; i < info.layers().size(); i++) {
            LayerPlan plan = info.layers().get(i);
            ObjectNode layer = layers.addObject().put("layer", i).put("kind", plan.routing().isPresent() ? "mod" : "dense");
            plan.style().ifPresent(s -> layer.put("style", s));
            plan.routing().ifPresent(r -> RoutingJson.write(r, layer));
            LayerCache cache = info.caches().get(i);
            layer.putObject("cache").put("mode", JsonFields.text(cache.mode())).put("kv_heads", cache.kvHeads())
                    .put("head_dim", cache.headDim()).put("indexed", cache.indexed());
        }
        return routing;
    }

    private static ObjectNode component(BundleInfo.Component c) {
        return MAPPER.createObjectNode().put("role", c.role()).put("runtime", c.runtime()).put("weights", c.weights().text())
                .put("portable", c.portable()).put("inputs", JsonFields.text(c.inputs())).put("file", c.file());
    }

    /** What of a description one component's graph was made for: all but names, which change nothing that it computes, token ids and files. */
    static ObjectNode madeFor(BundleInfo info, BundleInfo.Component component) {
        ObjectNode root = MAPPER.createObjectNode();
        root.set("model", model(info).without("name"));
        root.set("routing", routing(info));
        root.get("routing").get("layers").forEach(l -> ((ObjectNode) l).remove("style"));
        root.set("component", component(component));
        return root;
    }

    /** The text with its first occurrence of one value of {@link #SEAL} replaced by another. */
    private static byte[] seal(byte[] text, String old, String made) {
        byte[] sealed = text.clone();
        int at = new String(text, StandardCharsets.ISO_8859_1).indexOf(old);
        if (at >= 0) {
            System.arraycopy(made.getBytes(StandardCharsets.ISO_8859_1), 0, sealed, at, made.length());
        }
        return sealed;
    }

    // The value is the checksum of the text that has zeros in its place, so that any change of any byte is found.
    private static void checkSeal(byte[] text, JsonFields root, Path file) {
        String found = hex(root, SEAL);
        if (!Checksums.of(seal(text, found, UNSEALED)).equals(found)) {
            throw new InputException(file + " was changed since it was written (" + SEAL + " is not the SHA-256 of the rest); restore it or convert "
                    + "the model again");
        }
    }

    private static JsonNode tree(Path file, byte[] text) throws IOException {
        try {
            JsonNode tree = MAPPER.readTree(text);
            if (tree.isMissingNode()) {
                throw new InputException(file + " is empty; restore it or convert the model again");
            }
            return tree;
        } catch (JsonProcessingException e) {
            var at = e.getLocation();
            if (e instanceof JsonEOFException || !new String(text, StandardCharsets.ISO_8859_1).stripTrailing().endsWith("}")) {
                throw new InputException(file + " ends within the JSON: it is truncated since the bundle was written; restore it or convert the "
                        + "model again", e);
            }
            throw new InputException(file + (at == null ? "" : ":" + at.getLineNr() + ":" + at.getColumnNr()) + ": no valid JSON: "
                    + JsonProblem.plain(e.getOriginalMessage()) + "; restore it or convert the model again", e);
        }
    }

    /** The fields of a JSON file that a bundle lists; {@link InputException} if it is none. */
    static JsonFields fields(Path file) throws IOException {
        return new JsonFields(tree(file, Files.readAllBytes(file)), file);
    }

    static BundleInfo read(Path file) throws IOException {
        long size = Files.size(file);
        if (size > MAX_BYTES) {
            throw new InputException(file + " has " + size + " bytes, expected at most " + MAX_BYTES + "; convert the model again");
        }
        byte[] text = Files.readAllBytes(file);
        JsonNode tree = tree(file, text);
        JsonFields root = new JsonFields(tree, file);
        if (!root.has("depthc_bundle")) {
            throw new InputException(file + " has no field depthc_bundle: it describes no bundle of this program");
        }
        int version = root.integer("depthc_bundle", 1, Integer.MAX_VALUE);
        if (version != VERSION) {
            throw new InputException(file + " has schema version " + version + ", this program reads version " + VERSION
                    + "; use the program that wrote it (" + root.text("tool_version") + ") or convert the model again");
        }
        checkSeal(text, root, file);
        JsonFields described = root.object("model");
        ModelInfo model = model(described);
        BundleInfo.Output output = described.has("output") ? described.constant("output", BundleInfo.Output.class) : BundleInfo.Output.LOGITS;
        JsonFields routing = root.object("routing");
        Routing.Candidates candidates = routing.constant("candidates", Routing.Candidates.class);
        Routing.DecodeRule decode = routing.constant("decode", Routing.DecodeRule.class);
        var caches = new ArrayList<LayerCache>();
        List<LayerPlan> layers = routing.list("layers", MAX_LAYERS, f -> {
            f.integer("layer", caches.size(), caches.size());
            caches.add(cache(f.object("cache"), model));
            LayerPlan plan = plan(caches.size() - 1, f);
            if (plan.routing().isPresent() && (plan.routing().get().candidates() != candidates || plan.routing().get().decode() != decode)) {
                throw f.bad("has other candidates or another decode rule than routing, expected the same in all layers");
            }
            return plan;
        });
        if (layers.size() != model.layers()) {
            throw routing.bad("has " + layers.size() + " layers, expected " + model.layers() + " as in model.layers");
        }
        var names = new HashSet<String>();
        List<FileEntry> files = root.list("files", MAX_FILES, f -> {
            FileEntry entry = entry(f);
            if (!names.add(entry.path())) {
                throw f.bad("lists " + entry.path() + " again");
            }
            return entry;
        });
        List<BundleInfo.Component> components = root.list("components", MAX_COMPONENTS, f -> component(f, names));
        return new BundleInfo(root.text("tool_version"), model, output, layers, caches, candidates, decode, tokens(root.object("tokens"), model.vocab()),
                components, files);
    }

    private static ModelInfo model(JsonFields f) {
        var model = new ModelInfo(f.text("name"), f.text("architecture"), f.integer("layers", 1, MAX_LAYERS),
                f.integer("hidden", 1, MAX_WIDTH), f.integer("heads", 1, MAX_WIDTH), f.integer("kv_heads", 1, MAX_WIDTH),
                f.integer("head_dim", 1, MAX_WIDTH), f.integer("intermediate", 1, MAX_WIDTH), f.integer("vocab", 1, MAX_VOCABULARY),
                f.integer("context", 1, MAX_CONTEXT));
        if (model.heads() % model.kvHeads() != 0) {
            throw f.bad("has " + model.heads() + " heads and " + model.kvHeads() + " kv_heads, expected a divisor");
        }
        return model;
    }

    private static TokenIds tokens(JsonFields f, int vocabulary) {
        OptionalInt bos = f.has("bos") ? OptionalInt.of(f.integer("bos", 0, vocabulary - 1)) : OptionalInt.empty();
        return new TokenIds(bos, f.ints("eos", 0, vocabulary - 1));
    }

    private static LayerPlan plan(int layer, JsonFields f) {
        return switch (f.text("kind")) {
            case "dense" -> LayerPlan.dense(layer);
            case "mod" -> new LayerPlan(layer, Optional.of(RoutingJson.read(f)), f.has("style") ? Optional.of(f.text("style")) : Optional.empty());
            default -> throw f.oneOf("kind", List.of("dense", "mod"));
        };
    }

    private static LayerCache cache(JsonFields f, ModelInfo model) {
        return new LayerCache(f.constant("mode", CacheMode.class), f.integer("kv_heads", model.kvHeads(), model.kvHeads()),
                f.integer("head_dim", model.headDim(), model.headDim()), f.flag("indexed"));
    }

    private static FileEntry entry(JsonFields f) {
        String path = f.text("path");
        if (!BundlePaths.isInside(path)) {
            throw f.bad("has the path \"" + path + "\", expected a relative path inside the bundle");
        }
        if (path.equals(Bundle.JSON)) {
            throw f.bad("lists " + path + " itself, expected every other file");
        }
        var entry = new FileEntry(path, f.number("size", 0, Long.MAX_VALUE), hex(f, "sha256"), f.has("sample") ? hex(f, "sample") : null);
        if ((entry.sample() != null) != (entry.size() > Checksums.UNSAMPLED)) {
            throw f.bad("has " + entry.size() + " bytes and " + (entry.sample() == null ? "no" : "a") + " sample, expected one for files of more than "
                    + Checksums.UNSAMPLED);
        }
        return entry;
    }

    private static String hex(JsonFields f, String name) {
        String text = f.text(name);
        if (!text.matches("[0-9a-f]{64}")) {
            throw f.bad("has the " + name + " \"" + text + "\", expected 64 hexadecimal digits");
        }
        return text;
    }

    private static BundleInfo.Component component(JsonFields f, HashSet<String> files) {
        String file = f.text("file");
        if (!files.contains(file)) {
            throw f.bad("has the file \"" + file + "\", which is not among the bundle's files");
        }
        BundleInfo.Inputs inputs = f.constant("inputs", BundleInfo.Inputs.class);
        WeightsVariant weights = f.constant("weights", WeightsVariant.class);
        if (weights == WeightsVariant.AUTO) {
            throw f.oneOf("weights", Arrays.stream(WeightsVariant.values()).filter(v -> v != WeightsVariant.AUTO).map(WeightsVariant::text).toList());
        }
        return new BundleInfo.Component(f.text("role"), f.text("runtime"), weights, f.flag("portable"), file, inputs);
    }
}
