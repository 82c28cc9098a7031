// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.integration.bench.Measured;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

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

    /** Those of a file; none where there is no file. */
    static Findings read(Path file) throws IOException {
        return new Findings(file, Files.isRegularFile(file) ? (ObjectNode) JSON.readTree(file.toFile()) : JSON.createObjectNode());
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
        Measured m = Measured.of(values);
        put(keys + ".median", m.median());
        put(keys + ".low", m.low());
        put(keys + ".high", m.high());
        put(keys + ".count", values.size());
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
