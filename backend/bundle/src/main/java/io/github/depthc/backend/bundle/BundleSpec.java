// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.mod.Routing;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What a bundle is made of.
 *
 * @param model       a lowered, flat model: only tensor-level and {@code mod.*} ops in its graph
 * @param layers      one plan for each decoder layer, in order
 * @param candidates  which tokens may be skipped when the user does not say
 * @param decode      whether decode steps are routed
 * @param tokens      ids that begin and end a text
 * @param files       tokenizer and configuration files to copy: name in the bundle → file
 * @param texts       files that are written: name in the bundle → text, such as {@code report.html}
 * @param weights     which bytes the weights are
 * @param portable    emit standard operators only
 * @param parts       graphs beside the model, whose weights have the model's sources
 * @param engines     what it has for GPUs
 * @param toolVersion version of the program that writes it
 */
public record BundleSpec(Model model, List<LayerPlan> layers, Routing.Candidates candidates, Routing.DecodeRule decode,
        TokenIds tokens, Map<String, Path> files, Map<String, String> texts, WeightsVariant weights, boolean portable, List<Part> parts, Optional<EngineParts> engines, String toolVersion) {
    /** The text that is a page about the conversion. */
    public static final String REPORT = "report.html";
    /** The text that says what integers cost the weights. */
    public static final String QUANTIZATION = "quantization.json";

    /**
     * A graph beside the model.
     *
     * @param role    of its component
     * @param inputs  what it takes
     * @param graph   what it computes, without caches
     * @param outputs names of its yields
     */
    public record Part(String role, BundleInfo.Inputs inputs, Region graph, List<String> outputs) {
        public Part {
            outputs = List.copyOf(outputs);
        }
    }

    public BundleSpec {
        Objects.requireNonNull(model);
        layers = List.copyOf(layers);
        Objects.requireNonNull(candidates);
        Objects.requireNonNull(decode);
        Objects.requireNonNull(tokens);
        files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
        texts = Collections.unmodifiableMap(new LinkedHashMap<>(texts));
        Objects.requireNonNull(weights);
        parts = List.copyOf(parts);
        Objects.requireNonNull(engines);
        Objects.requireNonNull(toolVersion);
        if (layers.size() != model.info().layers()) {
            throw new IllegalArgumentException(layers.size() + " layer plans for " + model.info().layers() + " layers");
        }
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i).layer() != i) {
                throw new IllegalArgumentException("plan " + i + " is of layer " + layers.get(i).layer());
            }
        }
    }

    /** Begins the specification of a model whose layers are all dense unless {@link Builder#layers} says otherwise. */
    public static Builder of(Model model) {
        return new Builder(model);
    }

    /** Sets the parts by name. */
    public static final class Builder {
        private final Model model;
        private final Map<String, Path> files = new LinkedHashMap<>();
        private List<LayerPlan> layers;
        private TokenIds tokens = TokenIds.NONE;
        private final Map<String, String> texts = new LinkedHashMap<>();
        private WeightsVariant weights = WeightsVariant.AUTO;
        private boolean portable;
        private final List<Part> parts = new ArrayList<>();
        private Optional<EngineParts> engines = Optional.empty();
        private String toolVersion = "";

        private Builder(Model model) {
            this.model = model;
            var dense = new ArrayList<LayerPlan>();
            for (int i = 0; i < model.info().layers(); i++) {
                dense.add(LayerPlan.dense(i));
            }
            this.layers = dense;
        }

        /** One plan for each decoder layer; candidates and decode rule are taken from them and must agree. */
        public Builder layers(List<LayerPlan> plans) {
            layers = plans;
            return this;
        }

        public Builder tokens(TokenIds ids) {
            tokens = ids;
            return this;
        }

        /** A file to copy into the bundle's folder under this plain name. */
        public Builder file(String name, Path file) {
            files.put(name, file);
            return this;
        }

        /** A file to write into the bundle's folder under this plain name. */
        public Builder text(String name, String content) {
            texts.put(name, content);
            return this;
        }

        public Builder weights(WeightsVariant variant) {
            weights = variant;
            return this;
        }

        public Builder portable(boolean standardOperatorsOnly) {
            portable = standardOperatorsOnly;
            return this;
        }

        /** A graph beside the model. */
        public Builder part(Part part) {
            parts.add(part);
            return this;
        }

        /** What the bundle has for GPUs. */
        public Builder engines(EngineParts forGpus) {
            engines = Optional.of(forGpus);
            return this;
        }

        public Builder toolVersion(String version) {
            toolVersion = version;
            return this;
        }

        /** The specification; {@link InputException} if the layers' rules do not agree. */
        public BundleSpec build() {
            return new BundleSpec(model, layers, agreed(Routing::candidates, Routing.Candidates.GIVEN),
                    agreed(Routing::decode, Routing.DecodeRule.DENSE), tokens, files, texts, weights, portable, parts, engines, toolVersion);
        }

        // The graph has one candidates input for all layers, so one rule must hold for all of them.
        private <T extends Enum<T>> T agreed(Function<Routing, T> part, T ifDense) {
            List<T> all = layers.stream().flatMap(l -> l.routing().stream()).map(part).distinct().toList();
            if (all.size() > 1) {
                throw new InputException("the layers have different rules (" + all.stream().map(r -> JsonFields.text(r)).collect(Collectors.joining(" and "))
                        + "), expected one for all layers of a bundle; convert them with one style");
            }
            return all.isEmpty() ? ifDense : all.getFirst();
        }
    }
}
