// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.integration.bench.Measured;
import io.github.depthc.ir.InputException;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;

/** What a stage found: a JSON file that is whole at any time, since the process may end at any time. */
final class Findings {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final String OUTCOME = "outcome";

    private final Path file;
    private final ObjectNode root;

    private Findings(Path file, ObjectNode root) {
        this.file = file;
        this.root = root;
    }

    /** New ones, of which the file says that the stage has not ended. */
    static Findings begin(Path file) throws IOException {
        var findings = new Findings(file, JSON.createObjectNode());
        findings.outcome("not ended");
        return findings;
    }

    /**
     * Those of a stage's file; none where there is no file.
     *
     * @throws InputException where the file is none of a stage
     */
    static Findings read(Path file) throws IOException {
        return new Findings(file, Files.isRegularFile(file) ? object(file, "what a stage wrote; remove it, and run that stage again") : JSON.createObjectNode());
    }

    /**
     * The JSON object of a file.
     *
     * @param expected what the file should be, for a message
     * @throws InputException where it has none, with the file and the line
     */
    static ObjectNode object(Path file, String expected) throws IOException {
        try {
            if (JSON.readTree(file.toFile()) instanceof ObjectNode root) {
                return root;
            }
            throw new InputException(file + ": has no JSON object; expected " + expected);
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": is no JSON (line " + (e.getLocation() == null ? 1 : e.getLocation().getLineNr()) + "); expected " + expected, e);
        } catch (CharConversionException e) {
            throw new InputException(file + ": is no JSON; expected " + expected, e);
        }
    }

    ObjectNode json() {
        return root;
    }

    /** Adds a value below {@code keys} joined by dots: {@code kernels.bf16.cases}. */
    void put(String keys, Object value) throws IOException {
        String[] path = keys.split("\\.");
        ObjectNode at = root;
        for (int i = 0; i < path.length - 1; i++) {
            at = at.withObjectProperty(path[i]);
        }
        at.set(path[path.length - 1], JSON.valueToTree(value));
        write();
    }

    /** Adds median, quartiles and number of some measurements. */
    void measured(String keys, List<Double> values) throws IOException {
        put(keys, spread(values));
    }

    /** Adds how long something takes and the bytes that it cannot do without: both or neither. */
    void timed(String keys, List<Double> seconds, long floorBytes) throws IOException {
        put(keys, Map.of("seconds", spread(seconds), "floor_bytes", floorBytes));
    }

    private static Map<String, Object> spread(List<Double> values) {
        Measured m = Measured.of(values);
        return Map.of("median", m.median(), "low", m.low(), "high", m.high(), "count", values.size());
    }

    /** Says how the stage ended: {@code done}, or what went wrong. */
    void outcome(String text) throws IOException {
        put(OUTCOME, text);
    }

    String outcome() {
        return root.path(OUTCOME).asText("not run");
    }

    private void write() throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".partial");
        JSON.writeValue(part.toFile(), root);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
