// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import java.util.List;

/**
 * How a plug-in's op kind is written as ONNX operators, for kinds that cannot be lowered to the IR's own. Only this backend can run
 * such a kind; prefer {@link io.github.depthc.ir.Lowerable}. Found through {@link java.util.ServiceLoader} with the class loader
 * of the op kind, so both stand in one jar.
 */
public interface OnnxOp {
    /** The op kind's class. */
    Class<? extends OpKind> kind();

    /**
     * Adds the operators for one node. Operands and results are tensors.
     *
     * @param node     the node
     * @param operands ONNX names of its operands
     * @param graph    takes the operators
     * @return ONNX names of its results, in order
     */
    List<String> write(Node node, List<String> operands, OnnxGraph graph);
}
