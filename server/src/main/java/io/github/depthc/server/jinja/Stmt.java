// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A part of a template; {@code line} is where its tag begins, from 1. */
sealed interface Stmt {
    /** Where it stands. */
    int line();

    record Text(String text, int line) implements Stmt {
    }

    record Print(Expr value, int line) implements Stmt {
    }

    /** Branches in order; the condition of the last may be null, which is {@code else}. */
    record If(List<Branch> branches, int line) implements Stmt {
        record Branch(Expr condition, List<Stmt> body) {
        }
    }

    /** The filter may be null. */
    record For(Target target, Expr in, Expr filter, List<Stmt> body, List<Stmt> otherwise, int line) implements Stmt {
    }

    record Set(Target target, Expr value, int line) implements Stmt {
    }

    /** The text of a body, after a filter of {@link #TEXT} or of filters of it. */
    record SetBlock(Target target, Expr filtered, List<Stmt> body, int line) implements Stmt {
    }

    /** The same, printed. */
    record FilterBlock(Expr filtered, List<Stmt> body, int line) implements Stmt {
    }

    record With(List<Map.Entry<Target, Expr>> values, List<Stmt> body, int line) implements Stmt {
    }

    record Macro(String name, Body body, int line) implements Stmt {
    }

    /** {@code call(parameters) macro(…)}: the call gets the body as {@code caller}. */
    record CallBlock(Expr.Call call, Body body, int line) implements Stmt {
    }

    record Break(int line) implements Stmt {
    }

    record Continue(int line) implements Stmt {
    }

    /** Statements in a block that means nothing here. */
    record Block(List<Stmt> body, int line) implements Stmt {
    }

    /** A name that no template can have: the text of a block in its filters. */
    String TEXT = "{text}";

    /**
     * What a macro does.
     *
     * @param parameters with what they are when not given, which may be null
     * @param used       names that the body asks for
     */
    record Body(List<Map.Entry<String, Optional<Expr>>> parameters, List<Stmt> statements, java.util.Set<String> used) {
    }
}
