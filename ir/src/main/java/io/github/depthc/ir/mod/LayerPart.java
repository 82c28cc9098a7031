// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Slices;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.RmsNorm;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.Set;

/**
 * Where a {@link Routing.Part} begins and ends in the body of a layer: attention with all that comes before the MLP is added to, or the MLP with all
 * that comes behind it.
 *
 * @param body   the layer's
 * @param before the residual stream {@code f32[n, d]} that goes into the part
 * @param behind the residual stream behind it
 */
public record LayerPart(Region body, Value before, Value behind) {
    /**
     * Of a layer.
     *
     * @param index which one, for messages
     * @throws InputException if the body does not add attention to the residual stream first and then the MLP, and the part is not all of it
     */
    public static LayerPart of(Region body, Routing.Part part, int index) {
        Value in = body.param(Layer.HIDDEN);
        Value out = body.yields().getFirst();
        return switch (part) {
            case LAYER -> new LayerPart(body, in, out);
            case ATTENTION -> new LayerPart(body, in, middle(body, index));
            case MLP -> new LayerPart(body, middle(body, index), out);
        };
    }

    /** The part's norm of what goes into it; empty if it has none. */
    public Optional<Value> norm() {
        return body.nodes().stream().filter(n -> n.kind() instanceof RmsNorm && n.operand(0) == before).findFirst().map(n -> n.result(0));
    }

    private static Value middle(Region body, int index) {
        Value middle = body.nodes().stream().filter(n -> n.kind() instanceof Binary.Residual r && r.branch() == Binary.Branch.MLP).findFirst()
                .map(n -> n.operand(0)).orElse(null);
        if (middle == null || !attends(middle, null) || attends(body.yields().getFirst(), middle)) {
            throw new InputException("layer " + index + " does not add attention to the residual stream first and then its MLP; expected that of a layer of which "
                    + "tokens skip a part, choose part=layer");
        }
        return middle;
    }

    /** True if attention is among what computes a value, looking no further than the other one. */
    private static boolean attends(Value value, Value end) {
        Set<Node> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        Slices.backward(value, needed, v -> v == end);
        return needed.stream().anyMatch(n -> n.kind() instanceof Attention);
    }
}
