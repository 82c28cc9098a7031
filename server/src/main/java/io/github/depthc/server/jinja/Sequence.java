// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.List;

/** Several values that are no list to Python. */
final class Sequence {
    enum Kind {
        TUPLE, RANGE,
        /** The keys, values or items of a mapping. */
        VIEW,
        /** Can be gone through once. */
        GENERATOR
    }

    private final Kind kind;
    private final String name;
    private List<Object> items;

    private Sequence(Kind kind, String name, List<Object> items) {
        this.kind = kind;
        this.name = name;
        this.items = items;
    }

    static Sequence tuple(List<Object> items) {
        return new Sequence(Kind.TUPLE, "tuple", items);
    }

    /** With how Python shows it. */
    static Sequence range(String shown, List<Object> items) {
        return new Sequence(Kind.RANGE, shown, items);
    }

    /** With how Python calls it. */
    static Sequence view(String name, List<Object> items) {
        return new Sequence(Kind.VIEW, name, items);
    }

    static Sequence generator(List<Object> items) {
        return new Sequence(Kind.GENERATOR, "generator", items);
    }

    Kind kind() {
        return kind;
    }

    String name() {
        return name;
    }

    /** Whether it has a length and can be looked into by numbers. */
    boolean indexed() {
        return kind == Kind.TUPLE || kind == Kind.RANGE;
    }

    /** The values; those of a generator are taken by it. */
    List<Object> items() {
        List<Object> all = items;
        if (kind == Kind.GENERATOR) {
            items = List.of();
        }
        return all;
    }
}
