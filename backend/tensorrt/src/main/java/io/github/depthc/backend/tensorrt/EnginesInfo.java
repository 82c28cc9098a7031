// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.bundle.JsonFields;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.io.JsonProblem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What {@code engines.json} says of the engines beside it. Until they have been compared with the CPU it has another name.
 *
 * @param gpu          name of the GPU that they were built on and for
 * @param architecture its compute capability, ten times
 * @param tensorRt     version of TensorRT that built them, which alone can load them
 * @param driver       the CUDA version of the driver then
 * @param maxPrompt    tokens that a prompt may have
 * @param maxBatch     rows that a decode step may have
 * @param plan         what they were made of: a digest of graphs and weights
 * @param engines      each file and its size in bytes
 */
public record EnginesInfo(String gpu, int architecture, String tensorRt, String driver, int maxPrompt, int maxBatch, String plan, List<EngineFile> engines) {
    private static final int FORMAT = 1;
    private static final int MOST_ENGINES = 4096;
    /** Bytes of so many have a sum that a long holds. */
    private static final long LARGEST_ENGINE = Long.MAX_VALUE / MOST_ENGINES;
    private static final long LARGEST_JSON = 1 << 20;
    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(8).maxStringLength(1 << 12).build()).build())
            .enable(SerializationFeature.INDENT_OUTPUT).build();

    public EnginesInfo {
        engines = List.copyOf(engines);
    }

    /** One engine: its file's name and size. */
    public record EngineFile(String file, long size) {
    }

    /** Bytes of all engines. */
    public long bytes() {
        return engines.stream().mapToLong(EngineFile::size).sum();
    }

    /** Writes it into a folder, under one of the names of {@link EngineNames}. */
    void write(Path folder, String name) throws IOException {
        ObjectNode root = MAPPER.createObjectNode().put("depthc_engines", FORMAT).put("gpu", gpu).put("architecture", architecture).put("tensorrt", tensorRt)
                .put("driver", driver).put("max_prompt", maxPrompt).put("max_batch", maxBatch).put("plan", plan);
        ArrayNode files = root.putArray("engines");
        engines.forEach(e -> files.addObject().put("file", e.file()).put("size", e.size()));
        Files.write(folder.resolve(name), MAPPER.writeValueAsBytes(root));
    }

    /**
     * Reads it from a folder.
     *
     * @throws InputException where the file is no such description
     */
    static EnginesInfo read(Path folder, String name) throws IOException {
        Path file = folder.resolve(name);
        if (Files.size(file) > LARGEST_JSON) {
            throw new InputException(file + " has " + Files.size(file) + " bytes, expected at most " + LARGEST_JSON);
        }
        JsonNode tree;
        try {
            tree = MAPPER.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new InputException(file + " is no JSON: " + JsonProblem.plain(e.getOriginalMessage()), e);
        }
        if (tree.isMissingNode()) {
            throw new InputException(file + " is empty");
        }
        var root = new JsonFields(tree, file, ""); // what to do is said by who knows the bundle
        root.integer("depthc_engines", FORMAT, FORMAT);
        return new EnginesInfo(root.line("gpu"), root.integer("architecture", 1, 10_000), root.line("tensorrt"), root.line("driver"),
                root.integer("max_prompt", 1, Integer.MAX_VALUE), root.integer("max_batch", 1, Integer.MAX_VALUE), root.line("plan"),
                root.list("engines", MOST_ENGINES, e -> new EngineFile(e.line("file"), e.number("size", 1, LARGEST_ENGINE))));
    }
}
