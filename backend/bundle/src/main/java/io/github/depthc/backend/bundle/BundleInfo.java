// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.backend.onnx.EmittedCache;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.mod.Routing;
import java.util.ArrayList;
import java.util.List;

/**
 * What {@code bundle.json} says.
 *
 * @param toolVersion version of the program that wrote it
 * @param model       the architecture
 * @param output      what the graph gives for each token
 * @param layers      what each decoder layer does, in order
 * @param caches      each decoder layer's cache, in order
 * @param candidates  which tokens may be skipped when the user does not say
 * @param decode      whether decode steps are routed
 * @param tokens      ids that begin and end a text
 * @param components  the graphs, by role
 * @param files       every file but {@code bundle.json} itself
 */
public record BundleInfo(String toolVersion, ModelInfo model, Output output, List<LayerPlan> layers, List<LayerCache> caches,
        Routing.Candidates candidates, Routing.DecodeRule decode, TokenIds tokens, List<Component> components,
        List<FileEntry> files) {
    public BundleInfo {
        layers = List.copyOf(layers);
        caches = List.copyOf(caches);
        components = List.copyOf(components);
        files = List.copyOf(files);
    }

    /** What a model's graph gives for a token. */
    public enum Output {
        /** One number for each token of the vocabulary: a decoder, which goes on from there. */
        LOGITS,
        /** The hidden states after the last layer, of every token: an encoder, which sees a text whole. */
        HIDDEN_STATES
    }

    /** How many numbers the graph gives for a token. */
    public int outputWidth() {
        return switch (output) {
            case LOGITS -> model.vocab();
            case HIDDEN_STATES -> model.hidden();
        };
    }

    /**
     * What these parts say about a bundle.
     *
     * @param emitted the graph's caches
     */
    public static BundleInfo of(BundleSpec spec, List<EmittedCache> emitted, List<Component> components, List<FileEntry> files) {
        var caches = new ArrayList<LayerCache>();
        for (EmittedCache c : emitted) {
            if (c.layer() != caches.size()) {
                throw new IllegalArgumentException("the graph has the cache of layer " + c.layer() + " where that of layer "
                        + caches.size() + " was expected");
            }
            caches.add(new LayerCache(c.mode(), c.kvHeads(), c.headDim(), c.indexed()));
        }
        if (caches.size() != spec.layers().size()) {
            throw new IllegalArgumentException("the graph has " + caches.size() + " caches, expected one for each of the "
                    + spec.layers().size() + " layers");
        }
        return new BundleInfo(spec.toolVersion(), spec.model().info(), spec.model().encoder() ? Output.HIDDEN_STATES : Output.LOGITS, spec.layers(), caches, spec.candidates(), spec.decode(),
                spec.tokens(), components, files);
    }

    /**
     * A part that a runtime loads.
     *
     * @param role       what it is for; {@code decoder} is the language model
     * @param runtime    what it is made for: {@code onnx}
     * @param weights    which bytes its weights are
     * @param portable   whether it has standard operators only
     * @param file       the graph, relative to the bundle
     * @param inputs     what it takes
     */
    public record Component(String role, String runtime, WeightsVariant weights, boolean portable, String file, Inputs inputs) {
    }

    /** What a component takes. */
    public enum Inputs {
        /** Ids of tokens. */
        TOKEN_IDS,
        /** Embeddings of tokens. */
        EMBEDDINGS,
        /** Images, cut and normalised. */
        PIXELS
    }
}
