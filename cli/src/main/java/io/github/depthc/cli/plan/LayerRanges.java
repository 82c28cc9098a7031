// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import java.util.ArrayList;
import java.util.List;

/** Layer numbers in short: {@code 0-2,5,7-31}. */
final class LayerRanges {
    private LayerRanges() {
    }

    /** Ascending numbers as ranges. */
    static String print(List<Integer> layers) {
        var parts = new ArrayList<String>();
        int i = 0;
        while (i < layers.size()) {
            int j = i;
            while (j + 1 < layers.size() && layers.get(j + 1) == layers.get(j) + 1) {
                j++;
            }
            parts.add(i == j ? layers.get(i).toString() : layers.get(i) + "-" + layers.get(j));
            i = j + 1;
        }
        return String.join(",", parts);
    }
}
