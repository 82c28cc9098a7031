// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import io.github.depthc.ir.mod.Routing;
import java.util.Optional;

/**
 * A decoder layer as one node: dense ({@link io.github.depthc.ir.op.Layer}) or routed ({@link io.github.depthc.ir.mod.ModLayer}). Its
 * first operands are those of {@link io.github.depthc.ir.op.Layer}; its region is the layer's dense body in both cases.
 */
public interface DecoderLayer extends Lowerable {
    /** Which layer of the model, from 0. */
    int index();

    /** How its tokens are routed; empty where all are processed. */
    Optional<Routing> routed();
}
