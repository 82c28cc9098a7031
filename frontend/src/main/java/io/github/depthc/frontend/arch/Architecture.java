// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Knows one family of decoders. Found through {@link java.util.ServiceLoader}; stateless, with a public constructor
 * without arguments.
 *
 * <p>The tensors that a checkpoint must have are those that {@link #build} asks for: there is no second list to keep in
 * step with the graph.
 */
public interface Architecture {
    /** Values of {@code model_type} in {@code config.json}, the usual one first. */
    List<String> modelTypes();

    /** Names in {@code architectures} in {@code config.json}, for configurations without a {@code model_type}. */
    List<String> classNames();

    /** Values of {@code model_type} that are near to this family and cannot be imported, each with the reason. */
    default Map<String, String> refused() {
        return Map.of();
    }

    /**
     * Builds the graph, asking for every tensor it needs and declaring those it knows and does not need.
     *
     * @throws io.github.depthc.ir.InputException when the configuration asks for something that this family does not
     *         have, or a tensor is missing or has another shape
     */
    Decoder build(DecoderConfig config, Tensors tensors);

    /** {@code config.json} of a well-known model of this family, as the starting point of a synthetic one. */
    String exampleConfig();

    /** The object within a configuration in which the sizes stand. */
    default ObjectNode sizes(ObjectNode config) {
        return config;
    }

    /** Adapts what depends on the sizes in a synthetic configuration, once they are what the user wants. */
    default void fitToSizes(ObjectNode config) {
    }

    /** Files beside {@code config.json} that a synthetic checkpoint needs, by name; what is in them. */
    default Map<String, String> exampleFiles() {
        return Map.of();
    }

    /** Sizes that this architecture has no key for, because they follow from others. */
    default Set<Size> derivedSizes() {
        return Set.of();
    }

    /**
     * The standard deviation of a tensor's random values in a synthetic checkpoint, where the usual one would leave the tensor
     * without an effect that can be seen.
     */
    default OptionalDouble exampleDeviation(String tensor, DecoderConfig config) {
        return OptionalDouble.empty();
    }
}
