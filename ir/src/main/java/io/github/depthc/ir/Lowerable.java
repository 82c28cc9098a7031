// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.List;

/**
 * An op kind that says how it is written with other ops, so that every backend runs it. The pass {@code lower-mod} puts the
 * lowering in the node's place, again and again until none is left that can be lowered.
 */
public interface Lowerable extends OpKind {
    /**
     * Adds the nodes that compute what a node of this kind computes.
     *
     * @param node     the node, as it stands in the old graph: its regions, names and location
     * @param operands what stands for its operands in the new graph, of the same types
     * @param b        takes the new nodes
     * @return the new values, one for each result, of the same types
     * @throws InputException where the node cannot be lowered
     */
    List<Value> lower(Node node, List<Value> operands, RegionBuilder b);
}
