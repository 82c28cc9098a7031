// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.verify;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpSet;
import io.github.depthc.ir.Region;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks graphs. All errors are collected, in the order of the text; each has a location, what there is, what was expected, and
 * the text of the node. The rules:
 * <ol>
 *   <li>Op kinds are known: the mnemonic stands in the op set for the kind's class, and the attributes can be written as text
 *       (numbers are finite).</li>
 *   <li>Values are defined before they are used, by a parameter or an earlier node of the same region; regions see nothing
 *       outside. Yields too. A node stands in one place only.</li>
 *   <li>Names are unique within a region.</li>
 *   <li>Results have the types that the kind infers from operands and regions.</li>
 *   <li>A symbolic dimension is introduced once: by parameters, or by one node that makes a new size (such as
 *       {@code mod.select}). Two sizes of one name would pass for equal.</li>
 *   <li>Caches are linear: a cache is consumed at most once, by a node that gives a new cache or by a yield, and not used after
 *       that. It may be read before.</li>
 *   <li>Layers have ascending indices, each once, below the model's number of layers.</li>
 *   <li>A stored weight has the same type everywhere.</li>
 *   <li>A model's graph has the parameters and yields that {@link Model} describes, with these types: {@code input_ids} or
 *       {@code inputs_embeds}, {@code rows}, one {@code cache.N} for each layer in order; {@code position_ids},
 *       {@code candidates} and {@code logits_at} where it needs them.</li>
 * </ol>
 */
public final class Verifier {
    private final OpSet ops;
    private final Verified verified = new Verified();
    private final StoredWeights weights = new StoredWeights();

    /** A verifier that remembers what it found right, so that of a model that is checked again only what is new is looked at. */
    public Verifier(OpSet ops) {
        this.ops = ops;
    }

    /** The errors of a model; an empty list when there are none. A graph without {@link ModelInfo} is checked as one on its own. */
    public List<Diagnostic> check(Model model) {
        if (model.info().equals(ModelInfo.NONE)) {
            return check(model.graph());
        }
        var errors = new ArrayList<Diagnostic>();
        new ModelRules(model, errors).check();
        rules(model.info().layers(), errors).check(model.graph(), () -> "the graph");
        return List.copyOf(errors);
    }

    /** The errors of a graph on its own: all rules but the last. */
    public List<Diagnostic> check(Region graph) {
        var errors = new ArrayList<Diagnostic>();
        rules(Integer.MAX_VALUE, errors).check(graph, () -> "the graph");
        return List.copyOf(errors);
    }

    private RegionRules rules(int layers, List<Diagnostic> errors) {
        return new RegionRules(ops, layers, weights, verified, errors);
    }

    /** {@link #check(Model)} once. */
    public static List<Diagnostic> check(Model model, OpSet ops) {
        return new Verifier(ops).check(model);
    }

    /** {@link #check(Region)} once. */
    public static List<Diagnostic> check(Region graph, OpSet ops) {
        return new Verifier(ops).check(graph);
    }

    /** An error at a node. */
    static Diagnostic error(Node node, String message) {
        return Diagnostic.error(node.location(), message + "; in " + NodeText.of(node));
    }

    /** An error of a region as a whole, at its beginning. */
    static Diagnostic error(Region region, String message) {
        return Diagnostic.error(region.location(), message);
    }
}
