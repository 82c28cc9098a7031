// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.checkpoint;

import io.github.depthc.frontend.json.InputFiles;
import io.github.depthc.frontend.json.Json;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.pytorch.PytorchFile;
import io.github.depthc.frontend.safetensors.ShardedWriter;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Stream;

/**
 * An open HuggingFace checkpoint folder: {@code config.json} with {@code model.safetensors}, or with
 * {@code model.safetensors.index.json} and its shards; where there is neither, with {@code pytorch_model.bin} or
 * {@code pytorch_model.bin.index.json} and its shards. Data files are mapped, not read; {@link #close()} unmaps them.
 */
public final class Checkpoint implements WeightStore, AutoCloseable {
    /** The source name of a checkpoint's weights. */
    public static final String SOURCE = "checkpoint";

    /** Name of the configuration. */
    public static final String CONFIG = "config.json";
    /** Name of the file with what generation needs, where there is one. */
    public static final String GENERATION_CONFIG = "generation_config.json";
    private static final String TOKENIZER = "tokenizer.json";
    private static final List<String> TOKENIZER_FILES = List.of(TOKENIZER, "tokenizer_config.json", "tokenizer.model",
            "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json");
    /** What has the weights, or says which files have them; the first that there is. */
    private static final List<String> DATA = List.of(ShardedWriter.SINGLE, ShardedWriter.INDEX, PytorchFile.SINGLE, PytorchFile.INDEX);
    private static final int MAX_SHOWN = 8;

    private final Path dir;
    private final JsonObject config;
    private final Optional<JsonObject> generationConfig;
    private final DataFiles data;

    private Checkpoint(Path dir, JsonObject config, Optional<JsonObject> generationConfig, DataFiles data) {
        this.dir = dir;
        this.config = config;
        this.generationConfig = generationConfig;
        this.data = data;
    }

    /**
     * Opens a folder and checks its data files: headers, and that each tensor is in one shard, the one that the index names.
     *
     * @throws InputException when the folder is no checkpoint, or is incomplete or malformed
     * @throws IOException    when a file cannot be read
     */
    public static Checkpoint open(Path dir) throws IOException {
        return open(dir, List.of());
    }

    /**
     * As {@link #open(Path)}, with the tensors of more files in the same name space, such as {@code mm_projector.bin}.
     *
     * @param more safetensors or PyTorch files, wherever they are; none may have a tensor that the checkpoint has
     */
    public static Checkpoint open(Path dir, List<Path> more) throws IOException {
        InputFiles.requireFolder(dir);
        JsonObject config = config(dir);
        Path generation = dir.resolve(GENERATION_CONFIG);
        Optional<JsonObject> generationConfig = exists(generation) ? Optional.of(JsonObject.read(generation)) : Optional.empty();
        return new Checkpoint(dir, config, generationConfig, openData(dir, more));
    }

    /** Whether a folder has data files, or an index of some. */
    public static boolean hasData(Path dir) {
        return DATA.stream().anyMatch(name -> exists(dir.resolve(name)));
    }

    private static boolean exists(Path file) {
        return Files.exists(file, LinkOption.NOFOLLOW_LINKS);
    }

    private static DataFiles openData(Path dir, List<Path> more) throws IOException {
        String found = DATA.stream().filter(name -> exists(dir.resolve(name))).findFirst().orElse(null);
        if (found == null) {
            throw noData(dir);
        }
        Path file = dir.resolve(found);
        if (!found.endsWith(".json")) {
            return DataFiles.open(dir, with(List.of(file), more));
        }
        ShardIndex index = ShardIndex.read(file);
        DataFiles data = DataFiles.open(dir, with(index.shards(), more));
        try {
            index.check(data.tensors());
            return data;
        } catch (RuntimeException e) {
            data.close();
            throw e;
        }
    }

    private static List<Path> with(List<Path> files, List<Path> more) {
        return Stream.concat(files.stream(), more.stream()).toList();
    }

    private static InputException noData(Path dir) throws IOException {
        List<String> names;
        try (Stream<Path> files = Files.list(dir)) {
            names = files.map(f -> f.getFileName().toString()).sorted().toList();
        }
        String expected = "expected " + String.join(", ", DATA.subList(0, DATA.size() - 1)) + " or " + DATA.getLast();
        List<String> pickled = names.stream().filter(n -> n.matches("pytorch_model.*\\.bin|consolidated.*\\.pth")).toList();
        if (!pickled.isEmpty()) {
            return new InputException(dir + ": has PyTorch files (" + shown(pickled) + ") that no index lists and whose names are not a whole checkpoint's, " + expected
                    + "; in Python, load the model with transformers' from_pretrained and write it with save_pretrained(\"NEW_FOLDER\")");
        }
        return new InputException(dir + ": has no weights, " + expected + "; found " + shown(names));
    }

    private static String shown(List<String> names) {
        return String.join(", ", names.subList(0, Math.min(MAX_SHOWN, names.size())))
                + (names.size() > MAX_SHOWN ? " and " + (names.size() - MAX_SHOWN) + " more" : "");
    }

    /**
     * Reads a configuration without its weights.
     *
     * @param dirOrConfigJson a checkpoint folder, or its {@code config.json}
     */
    public static JsonObject config(Path dirOrConfigJson) throws IOException {
        if (!Files.isDirectory(dirOrConfigJson)) {
            return JsonObject.read(dirOrConfigJson);
        }
        Path file = dirOrConfigJson.resolve(CONFIG);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new InputException(dirOrConfigJson + ": has no " + CONFIG + ", expected a HuggingFace checkpoint folder");
        }
        return JsonObject.read(file);
    }

    /** The folder. */
    public Path dir() {
        return dir;
    }

    /** {@code config.json}. */
    public JsonObject config() {
        return config;
    }

    /** {@code generation_config.json}, when there is one. */
    public Optional<JsonObject> generationConfig() {
        return generationConfig;
    }

    /** All tensors of the data files by name: shard by shard, in the order of their data. */
    public SequencedMap<String, StoredTensor> tensors() {
        return data.tensors();
    }

    /** A reference to a tensor; {@link InputException} when the checkpoint lacks it. */
    public WeightExpr.Stored weight(String name) {
        return new WeightExpr.Stored(SOURCE, name, data.require(name).type());
    }

    /** The data files, sorted by name. */
    public List<Path> files() {
        return data.paths();
    }

    /**
     * The tokenizer's files that exist, {@code tokenizer.json} and those that accompany or replace it; {@link InputException}
     * for one that is no file that can be read, or has the name of a JSON file and is none. {@code tokenizer.json} itself is looked at
     * by who reads it.
     */
    public List<Path> tokenizerFiles() throws IOException {
        return tokenizerFiles(dir);
    }

    /** True if a file of this name in a checkpoint's folder is one of its tokenizer's. */
    public static boolean isTokenizerFile(String name) {
        return TOKENIZER_FILES.contains(name);
    }

    /** As {@link #tokenizerFiles()}, of any folder that has such files. */
    public static List<Path> tokenizerFiles(Path dir) throws IOException {
        var files = new ArrayList<Path>();
        for (String name : TOKENIZER_FILES) {
            Path file = dir.resolve(name);
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                InputFiles.requireFile(file);
                if (name.endsWith(".json") && !name.equals(TOKENIZER)) {
                    JsonObject.read(file, Json.MAX_BYTES);
                }
                files.add(file);
            }
        }
        return List.copyOf(files);
    }

    /** The bytes of a tensor; {@link InputException} when it is missing or of another type. */
    @Override
    public Extent find(WeightExpr.Stored weight) {
        return data.find(weight);
    }

    /** Unmaps the data files; no extent's bytes are accessible from then on. */
    @Override
    public void close() {
        data.close();
    }
}
