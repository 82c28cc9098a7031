// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.mod.Routing;
import java.util.List;

/**
 * What {@code bundle.json} says.
 *
 * @param toolVersion version of the program that wrote it
 * @param model       the architecture
 * @param layers      what each decoder layer does, in order
 * @param caches      each decoder layer's cache, in order
 * @param candidates  which tokens may be skipped when the user does not say
 * @param decode      whether decode steps are routed
 * @param tokens      ids that begin and end a text
 * @param components  the graphs, by role
 * @param files       every file but {@code bundle.json} itself
 */
public record BundleInfo(String toolVersion, ModelInfo model, List<LayerPlan> layers, List<LayerCache> caches,
        Routing.Candidates candidates, Routing.DecodeRule decode, TokenIds tokens, List<Component> components,
        List<FileEntry> files) {
    public BundleInfo {
        layers = List.copyOf(layers);
        caches = List.copyOf(caches);
        components = List.copyOf(components);
        files = List.copyOf(files);
    }

    /**
     * A part that a runtime loads.
     *
     * @param role       what it is for; {@code decoder} is the language model
     * @param runtime    what it is made for: {@code onnx}
     * @param weights    which bytes its weights are
     * @param portable   whether it has standard operators only
     * @param file       the graph, relative to the bundle
     * @param embeddings whether it takes embeddings instead of token ids
     */
    public record Component(String role, String runtime, WeightsVariant weights, boolean portable, String file, boolean embeddings) {
    }
}
