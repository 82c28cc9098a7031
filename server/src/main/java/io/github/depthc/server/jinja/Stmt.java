// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.LinkedHashMap;
import java.util.List;

/** A part of a template. */
sealed interface Stmt {
    record Text(String text) implements Stmt {
    }

    record Print(Expr value) implements Stmt {
    }

    /** Branches in order; the condition of the last may be null, which is {@code else}. */
    record If(List<Branch> branches) implements Stmt {
        record Branch(Expr condition, List<Stmt> body) {
        }
    }

    /** The filter may be null. */
    record For(List<String> names, Expr in, Expr filter, List<Stmt> body, List<Stmt> otherwise) implements Stmt {
    }

    /** {@code name = value}, or {@code name.attribute = value} where the attribute is not null. */
    record Set(String name, String attribute, Expr value) implements Stmt {
    }

    record SetBlock(String name, List<Stmt> body) implements Stmt {
    }

    /** Parameters with what they are when not given, which may be null. */
    record Macro(String name, LinkedHashMap<String, Expr> parameters, List<Stmt> body) implements Stmt {
    }

    record Break() implements Stmt {
    }

    record Continue() implements Stmt {
    }

    /** Statements in a block that means nothing here. */
    record Block(List<Stmt> body) implements Stmt {
    }
}
