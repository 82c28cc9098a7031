// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.mod.Routing;
import io.github.depthc.reference.Rows;
import io.github.depthc.reference.SelectionListener;
import io.github.depthc.reference.Tensor;
import java.util.Arrays;

/**
 * How near a run's selections were: the smallest distance of a key from the one that decides. Selection is discontinuous, so models
 * of a small margin may choose other tokens for the rounding of another kernel, and show nothing.
 */
final class Margin implements SelectionListener {
    private double smallest = Double.POSITIVE_INFINITY;

    double smallest() {
        return smallest;
    }

    @Override
    public void selected(int layer, Routing.Selection selection, Rows rows, Tensor candidates, Tensor key, int[] kept) {
        for (int r = 0; r < rows.count(); r++) {
            int[] tokens = rows.tokensOf(r);
            double[] inOrder = key == null ? new double[0]
                    : Arrays.stream(tokens).filter(t -> candidates.data()[t] != 0).mapToDouble(t -> key.data()[t]).toArray();
            double[] keys = Arrays.stream(inOrder).sorted().toArray();
            switch (selection) {
                case Routing.Selection.TopK s -> boundary(keys, (int) Routing.Selection.kept(keys.length, s.ratio()));
                case Routing.Selection.RecentTopK s -> {
                    int k = (int) Routing.Selection.kept(keys.length, s.ratio());
                    int recent = Math.min(s.recent(), k);
                    boundary(Arrays.stream(inOrder).limit(inOrder.length - recent).sorted().toArray(), k - recent);
                }
                case Routing.Selection.Threshold s -> Arrays.stream(keys).forEach(v -> note(Math.abs(v - (tokens.length == 1 ? s.single() : s.prompt()))));
                case Routing.Selection.EvenlySpaced s -> { }
                case Routing.Selection.MostRecent s -> { }
                case Routing.Selection.Random s -> { }
            }
        }
    }

    /** Between the k largest keys and the others. */
    private void boundary(double[] ascending, int k) {
        if (k > 0 && k < ascending.length) {
            note(ascending[ascending.length - k] - ascending[ascending.length - k - 1]);
        }
    }

    private void note(double distance) {
        // NaN is the smallest of all
        smallest = distance < smallest ? distance : Double.isNaN(distance) ? 0 : smallest;
    }
}
