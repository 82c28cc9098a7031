// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.List;
import java.util.Map;

/** An expression. */
sealed interface Expr {
    record Literal(Object value) implements Expr {
    }

    record Name(String name) implements Expr {
    }

    record ListOf(List<Expr> items) implements Expr {
    }

    record TupleOf(List<Expr> items) implements Expr {
    }

    record MapOf(List<Map.Entry<Expr, Expr>> entries) implements Expr {
    }

    record Attribute(Expr of, String name) implements Expr {
    }

    record Item(Expr of, Expr index) implements Expr {
    }

    /** {@code of[from:to:step]}; parts that are not there are null. */
    record Slice(Expr of, Expr from, Expr to, Expr step) implements Expr {
    }

    record Call(Expr function, Arguments arguments) implements Expr {
    }

    record Filter(Expr of, String name, Arguments arguments) implements Expr {
    }

    record Test(Expr of, String name, Arguments arguments) implements Expr {
    }

    /** {@code not}, {@code -} or {@code +}. */
    record Unary(String operator, Expr of) implements Expr {
    }

    record Binary(String operator, Expr left, Expr right) implements Expr {
    }

    /** {@code first < second <= third …}: true where each holds, the operands each evaluated once. */
    record Compare(Expr first, List<Step> steps) implements Expr {
        record Step(String operator, Expr with) {
        }
    }

    /** {@code then if condition else otherwise}; without else, which is null then, it is undefined. */
    record Conditional(Expr condition, Expr then, Expr otherwise) implements Expr {
    }

    /** What a call is given. */
    record Arguments(List<Expr> positional, Map<String, Expr> named) {
        static final Arguments NONE = new Arguments(List.of(), Map.of());
    }
}
