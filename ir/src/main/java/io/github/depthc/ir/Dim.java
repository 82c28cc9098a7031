// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/** One dimension of a tensor: a fixed size, or a symbol whose size is known when the graph runs. */
public sealed interface Dim {
    /** The packed-token dimension: all rows of a batch, one after the other. */
    Dim TOKENS = new Symbol("tokens");

    /** A size known at compile time, zero or more. */
    record Fixed(long size) implements Dim {
        public Fixed {
            if (size < 0) {
                throw new IllegalArgumentException("dimension " + size + " is negative");
            }
        }

        @Override
        public String toString() {
            return Long.toString(size);
        }
    }

    /** A size known when the graph runs; equal names are equal sizes within one region. */
    record Symbol(String name) implements Dim {
        @Override
        public String toString() {
            return name;
        }
    }

    /** Shorthand for a fixed size. */
    static Dim of(long size) {
        return new Fixed(size);
    }

    /** Shorthand for a symbol. */
    static Dim of(String name) {
        return new Symbol(name);
    }
}
