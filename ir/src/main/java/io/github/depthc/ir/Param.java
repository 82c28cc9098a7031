// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.Objects;

/** A parameter of a region. */
public final class Param implements Value {
    private final String name;
    private final Type type;

    public Param(String name, Type type) {
        this.name = Objects.requireNonNull(name);
        this.type = Objects.requireNonNull(type);
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
