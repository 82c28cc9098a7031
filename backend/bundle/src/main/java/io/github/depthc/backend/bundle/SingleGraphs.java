// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.mod.Routing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One engine graph for prompts and one for decode steps; {@link io.github.depthc.backend.onnx.SingleGraph} says what they take and give.
 *
 * @param prompt  file
 * @param step    file
 * @param rowType element type of keys and values
 * @param ratios  the share of the candidates that each routed layer keeps
 */
public record SingleGraphs(Path prompt, Path step, DType rowType, SortedMap<Integer, Double> ratios) {
    static final String PROMPT = "prompt.onnx";
    static final String STEP = "step.onnx";

    public SingleGraphs {
        ratios = Collections.unmodifiableSortedMap(new TreeMap<>(ratios));
    }

    /** Whether a bundle has them. */
    public static boolean isIn(Bundle bundle) {
        return BundlePlan.has(bundle, BundlePlan.FOLDER + STEP);
    }

    /**
     * Reads the list.
     *
     * @throws io.github.depthc.ir.InputException if the bundle has none, or they do not fit together
     */
    public static SingleGraphs open(Bundle bundle) throws IOException {
        JsonFields root = BundlePlan.list(bundle);
        var ratios = new TreeMap<Integer, Double>();
        root.list("routed", bundle.info().layers().size(), r -> ratios.put(r.integer("layer", 0, bundle.info().layers().size() - 1), r.real("ratio", 0, 1)));
        return new SingleGraphs(BundlePlan.listed(bundle, root.text("prompt"), root), BundlePlan.listed(bundle, root.text("step"), root), BundlePlan.rowType(root), ratios);
    }

    /** How many tokens a layer keeps of a prompt: all that are no candidates, and its share of the others. */
    public long kept(int layer, long tokens, long candidates) {
        return tokens - candidates + Routing.Selection.kept(candidates, ratios.get(layer));
    }
}
