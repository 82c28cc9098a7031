// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.ir.Node;
import java.util.List;

/** Looks on while a plan runs, to compare devices: may read what each step made, change it, and decide what is kept. */
public interface StepListener {
    /**
     * The tokens that a selection keeps, in place of its own choice.
     *
     * @param index the routed layer, as {@link io.github.depthc.ir.mod.ModSelect#index}
     * @return ascending indices of tokens; null to leave the choice as it is
     */
    int[] keep(int index);

    /**
     * A step has been started.
     *
     * @param step    its place in {@link Plan#steps}
     * @param results its results that are tensors, in the order of the node's; what was computed in place is the place
     */
    void done(int step, Node node, List<DeviceTensor> results);
}
