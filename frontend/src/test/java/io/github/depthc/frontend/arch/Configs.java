// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.json.JsonObject;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;

/** Small configurations for tests. */
public final class Configs {
    private Configs() {
    }

    /** A small configuration of an architecture, changed by {@code edit}. */
    public static JsonObject small(String modelType, int layers, Consumer<ObjectNode> edit) {
        var sizes = new EnumMap<>(Map.of(Size.HIDDEN, 32, Size.LAYERS, layers, Size.HEADS, 4, Size.KV_HEADS, 2, Size.INTERMEDIATE, 48, Size.VOCAB, 64, Size.CONTEXT, 128));
        sizes.keySet().removeAll(Architectures.registered().ofModelType(modelType).derivedSizes());
        ObjectNode node = Importer.exampleConfig(modelType, sizes).node();
        edit.accept(node);
        return JsonObject.of(node, "config.json");
    }

    /** A small configuration of an architecture. */
    public static JsonObject small(String modelType, int layers) {
        return small(modelType, layers, node -> { });
    }
}
