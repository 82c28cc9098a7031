// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lists of weights and kernels that somebody changed after the bundle was opened. */
class BundlePlanTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path temp;
    private Bundle bundle;

    @BeforeEach
    void write() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            bundle = Bundles.writePlan(Importer.load(checkpoint), temp.resolve("bundle"));
        }
    }

    private void refused(String part, Consumer<ObjectNode> change) throws IOException {
        Path list = bundle.file(BundlePlan.JSON);
        byte[] right = Files.readAllBytes(list);
        var root = (ObjectNode) JSON.readTree(right);
        change.accept(root);
        JSON.writeValue(list.toFile(), root);
        String message = assertThrows(InputException.class, () -> BundlePlan.open(bundle)).getMessage();
        assertTrue(message.contains(part) && message.endsWith("convert the model again"), message);
        Files.write(list, right);
        BundlePlan.open(bundle).close();
    }

    private static ArrayNode weights(ObjectNode root) {
        return (ArrayNode) root.get("weights");
    }

    private static ObjectNode weight(ObjectNode root, int i) {
        return (ObjectNode) weights(root).get(i);
    }

    @Test
    void weightsThatCannotBe() throws IOException {
        refused("in the same bytes of ", root -> weight(root, 1).put("offset", weight(root, 0).get("offset").longValue() + 4));
        refused("expected a multiple of 4", root -> {
            ObjectNode first = weight(root, 0);
            weights(root).removeAll().add(first); // alone, so that it reaches into no other
            weight(root, 0).put("offset", weight(root, 0).get("offset").longValue() + 1);
        });
        refused("which was listed before", root -> weights(root).add(weight(root, 0).deepCopy()));
        refused("lists the weight \"another\", which the plan does not read", root -> weights(root).add(weight(root, 0).deepCopy().put("name", "another")));
    }

    @Test
    void kernelsThatCannotBe() throws IOException {
        refused("lists no kernels", root -> root.putArray("kernels"));
        refused("listed before", root -> ((ArrayNode) root.get("kernels")).add(root.get("kernels").get(0).deepCopy()));
    }
}
