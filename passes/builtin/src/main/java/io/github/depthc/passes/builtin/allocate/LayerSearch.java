// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Looks for what each layer is to do: every layer alone, the changes that lose least for what they save until the budget is kept, exchanges that lose less, and a higher
 * ratio for one of the layers that lose most.
 */
final class LayerSearch {
    private final LayerChoices layers;
    private final Share share;
    private final double budget;
    private final ToDoubleFunction<Choice[]> loss;
    private final Allocation allocation;

    /**
     * What was found.
     *
     * @param settings by layer
     * @param share    of the dense model's cost; more than the budget where no choices keep it
     * @param loss     NaN where the budget is not kept
     * @param tried    all that was measured, in order
     */
    record Found(Choice[] settings, double share, double loss, List<AllocationTrace.Tried> tried) {
    }

    LayerSearch(LayerChoices layers, Share share, double budget, ToDoubleFunction<Choice[]> loss) {
        this.layers = layers;
        this.share = share;
        this.budget = budget;
        this.loss = loss;
        this.allocation = new Allocation(layers.costs(share), choices -> loss.applyAsDouble(layers.settings(choices)));
    }

    /** What there is to choose. */
    LayerChoices layers() {
        return layers;
    }

    /** The least that any choices cost, if costs add up. */
    double least() {
        return allocation.least();
    }

    /** How many measurements of a layer alone there are. */
    int alone() {
        return layers.routed().size() * (layers.choices().size() - 1);
    }

    /** About how many measurements of several layers together come behind those. */
    int together() {
        return allocation.expected(budget) + allocation.expectedBehind() + 1;
    }

    /** Measures each layer alone. */
    void sweep() {
        allocation.sweep();
    }

    /** Behind {@link #sweep}. */
    Found run() {
        ToDoubleFunction<int[]> together = choices -> share.of(layers.settings(choices));
        int[] within = allocation.within(budget, together);
        Choice[] coarse = layers.settings(within);
        if (share.of(coarse) > budget) {
            return new Found(coarse, share.of(coarse), Double.NaN, tried());
        }
        Found best = null;
        List<AllocationTrace.Tried> last = new ArrayList<>();
        for (Choice[] settings : finer(allocation.exchanged(within, budget, together))) {
            var found = new Found(settings, share.of(settings), loss.applyAsDouble(settings), List.of());
            last.add(new AllocationTrace.Tried(LayerChoices.skipping(settings), found.share, found.loss));
            best = best == null || found.loss < best.loss ? found : best;
        }
        List<AllocationTrace.Tried> all = tried();
        all.addAll(last);
        return new Found(best.settings, best.share, best.loss, all);
    }

    /** These choices, and what they become when one of the layers that lose most takes all that they leave of the budget. */
    private List<Choice[]> finer(int[] coarse) {
        Choice[] settings = layers.settings(coarse);
        var finer = new ArrayList<Choice[]>(List.<Choice[]>of(settings));
        allocation.dearest(coarse).stream().limit(Allocation.MOST_IN_A_STEP).forEach(l -> finer.add(layers.relaxed(settings, layers.routed().get(l), budget, share)));
        return finer;
    }

    private List<AllocationTrace.Tried> tried() {
        var tried = new ArrayList<AllocationTrace.Tried>();
        allocation.tried().forEach(t -> tried.add(new AllocationTrace.Tried(LayerChoices.skipping(layers.settings(t.choices())), t.cost(), t.loss())));
        return tried;
    }

    /** The one that loses least of those that keep the budget; of those that do not, the one that costs least. */
    static Found best(List<Found> found, double budget) {
        return found.stream().min(Comparator.comparing((Found f) -> f.share > budget).thenComparingDouble(f -> f.share > budget ? f.share : f.loss)).orElseThrow();
    }
}
