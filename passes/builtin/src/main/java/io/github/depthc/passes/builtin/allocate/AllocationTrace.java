// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.mod.Routing;
import java.util.List;

/**
 * What {@link AllocatePass} tried and what it chose, a finding of that pass.
 *
 * @param budget  the share of the dense model's cost that was to be left
 * @param of      what is counted as cost
 * @param answer  what was measured of the model
 * @param samples calibration samples that were measured on
 * @param tried   everything that was measured, each once, in order but for the choice, which is last; layers on their own come first
 */
public record AllocationTrace(double budget, BudgetOf of, Answer answer, int samples, List<Tried> tried) {
    public AllocationTrace {
        tried = List.copyOf(tried);
    }

    /**
     * A layer that skips.
     *
     * @param layer its index
     * @param ratio share of the candidates that it keeps
     * @param kv    what becomes of the keys and values of the others
     * @param part  what of the layer the others skip
     */
    public record Setting(int layer, double ratio, Routing.SkippedKv kv, Routing.Part part) {
    }

    /**
     * A combination.
     *
     * @param layers what skips; all other layers are dense
     * @param share  what is left of the dense model's cost
     * @param loss   how far the answers are from the dense model's, mean over the samples
     */
    public record Tried(List<Setting> layers, double share, double loss) {
        public Tried {
            layers = List.copyOf(layers);
        }
    }

    /** The choice. */
    public Tried chosen() {
        return tried.getLast();
    }

    /**
     * Those than which nothing that was tried costs less and changes the answers no more, from the dearest to the cheapest: the dense
     * model, which costs all and changes nothing, is not among them.
     */
    public List<Tried> front() {
        return tried.stream().filter(t -> tried.stream().noneMatch(o -> beats(o, t))).distinct()
                .sorted((a, b) -> Double.compare(b.share, a.share)).toList();
    }

    private static boolean beats(Tried a, Tried b) {
        return a.share <= b.share && a.loss <= b.loss && (a.share < b.share || a.loss < b.loss);
    }
}
