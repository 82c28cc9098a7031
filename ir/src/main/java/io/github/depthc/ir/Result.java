// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.Objects;

/** One result of a node; made by the node itself. */
public final class Result implements Value {
    private final Node node;
    private final int index;
    private final String name;
    private final Type type;

    Result(Node node, int index, String name, Type type) {
        this.node = node;
        this.index = index;
        this.name = Objects.requireNonNull(name);
        this.type = Objects.requireNonNull(type);
    }

    /** The node that computes this value. */
    public Node node() {
        return node;
    }

    /** Which of the node's results this is, from 0. */
    public int index() {
        return index;
    }

    @Override
    public Type type() {
        return type;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String toString() {
        return "%" + name + ": " + type;
    }
}
