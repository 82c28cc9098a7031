// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.InvalidProtocolBufferException;
import io.github.depthc.backend.onnx.OnnxFiles;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a graph was made for, stored in the graph itself: a {@code bundle.json} that somebody changed, checksum and all, would else
 * say of a graph what it does not do.
 */
final class GraphDescription {
    /** The metadata property of the ONNX model. */
    static final String KEY = "depthc.made_for";

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private GraphDescription() {
    }

    /** The model with the property. */
    static ModelProto in(ModelProto model, BundleInfo info, BundleInfo.Component component) {
        return OnnxFiles.withProperty(model, KEY, BundleJson.madeFor(info, component).toString());
    }

    /** {@link InputException} names the first field that {@code bundle.json} and a graph have differently. */
    static void check(Path folder, BundleInfo info) throws IOException {
        for (BundleInfo.Component component : info.components()) {
            if (component.runtime().equals("onnx")) {
                check(folder, info, component);
            }
        }
    }

    private static void check(Path folder, BundleInfo info, BundleInfo.Component component) throws IOException {
        Path graph = folder.resolve(component.file());
        JsonNode madeFor;
        JsonNode stated;
        try {
            Optional<String> property = OnnxFiles.property(graph, KEY);
            if (property.isEmpty()) {
                throw new InputException(graph + ": does not say what it was made for (its metadata have no " + KEY + "); convert the model again");
            }
            madeFor = MAPPER.readTree(property.get());
            stated = MAPPER.readTree(BundleJson.madeFor(info, component).toString());
        } catch (InvalidProtocolBufferException | JsonProcessingException e) {
            throw new InputException(graph + ": is no ONNX graph of a bundle; convert the model again", e);
        }
        difference("", stated, madeFor).ifPresent(d -> {
            throw new InputException(folder.resolve(Bundle.JSON) + ": " + d.replaceFirst("^component\\b", "components[" + info.components().indexOf(component) + "]")
                    + " as " + component.file() + " was made for; restore it or convert the model again");
        });
    }

    /** The first difference, in words. */
    private static Optional<String> difference(String where, JsonNode stated, JsonNode madeFor) {
        if (stated.isObject() && madeFor.isObject()) {
            for (String name : names(stated, madeFor)) {
                Optional<String> found = difference(where.isEmpty() ? name : where + "." + name, stated.path(name), madeFor.path(name));
                if (found.isPresent()) {
                    return found;
                }
            }
            return Optional.empty();
        }
        if (stated.isArray() && madeFor.isArray() && stated.size() == madeFor.size()) {
            for (int i = 0; i < stated.size(); i++) {
                Optional<String> found = difference(where + "[" + i + "]", stated.get(i), madeFor.get(i));
                if (found.isPresent()) {
                    return found;
                }
            }
            return Optional.empty();
        }
        return stated.equals(madeFor) ? Optional.empty() : Optional.of(where + " is " + shown(stated) + ", expected " + shown(madeFor));
    }

    private static Set<String> names(JsonNode a, JsonNode b) {
        var names = new LinkedHashSet<String>();
        for (Iterator<String> of : List.of(a.fieldNames(), b.fieldNames())) {
            of.forEachRemaining(names::add);
        }
        return names;
    }

    private static String shown(JsonNode node) {
        return node.isMissingNode() ? "not there" : JsonFields.shown(node);
    }
}
