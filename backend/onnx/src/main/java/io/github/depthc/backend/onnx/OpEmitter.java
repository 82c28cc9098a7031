// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.Node;

/** Writes the ONNX nodes of one op kind: reads the operands' names from the context and defines the results' names. */
@FunctionalInterface
interface OpEmitter {
    void emit(Node node, EmitContext c);
}
