// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/**
 * A value in a graph: a parameter of a region, or a result of a node. Values have identity: two values are the same only
 * if they are the same object. The name is a hint for the text form, unique there after numbering.
 */
public sealed interface Value permits Param, Result {
    Type type();

    String name();

    /** The type as a tensor; {@link TypeException} when it is something else. */
    default TensorType tensor() {
        if (type() instanceof TensorType t) {
            return t;
        }
        throw new TypeException("%" + name() + " has type " + type() + ", expected a tensor");
    }
}
