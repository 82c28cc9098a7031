// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import io.github.depthc.server.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** Reads expressions, in Jinja's order of operators. */
final class ExprParser {
    private static final int DEEPEST = 80;
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");

    private final TokenReader tokens;
    private final OperandParser operands;
    private final Known known;
    private Set<String> used = new HashSet<>();
    private int depth;

    ExprParser(TokenReader tokens, Known known) {
        this.tokens = tokens;
        this.known = known;
        operands = new OperandParser(tokens, this, known);
    }

    /** What reads values without operators between them. */
    OperandParser operands() {
        return operands;
    }

    /** Forgets which names were asked for, and says which. */
    Set<String> used(Set<String> from) {
        Set<String> until = used;
        used = from;
        return until;
    }

    void use(String name) {
        used.add(name);
    }

    /** With {@code … if … else …}. */
    Expr whole() {
        return nested(() -> {
            int before = known.problems();
            Expr value = or();
            while (tokens.take(Kind.NAME, "if")) {
                Expr condition = or();
                value = new Expr.Conditional(condition, value, tokens.take(Kind.NAME, "else") ? whole() : null);
                known.forget(before);
            }
            return value;
        });
    }

    /** One, or several with commas between them, which are a tuple. */
    Expr tuple() {
        return tuple(this::whole);
    }

    /** The same without conditions: an {@code if} after it is another's. */
    Expr tupleWithoutCondition() {
        return tuple(() -> nested(this::or));
    }

    private Expr tuple(Supplier<Expr> one) {
        Expr first = one.get();
        if (!tokens.isNext(",")) {
            return first;
        }
        var all = new ArrayList<>(List.of(first));
        while (tokens.take(",") && !endsTuple()) {
            all.add(one.get());
        }
        return new Expr.TupleOf(List.copyOf(all));
    }

    private boolean endsTuple() {
        Token next = tokens.peek();
        return next.kind() == Kind.END_TAG || next.kind() == Kind.END_PRINT || tokens.isNext(")") || next.is(Kind.NAME, "recursive");
    }

    private <T> T nested(Supplier<T> inner) {
        if (++depth > DEEPEST) {
            throw tokens.error("an expression is nested more than " + DEEPEST + " deep");
        }
        T value = inner.get();
        depth--;
        return value;
    }

    private Expr or() {
        Expr left = and();
        while (tokens.take(Kind.NAME, "or")) {
            left = new Expr.Binary("or", left, and());
        }
        return left;
    }

    private Expr and() {
        Expr left = not();
        while (tokens.take(Kind.NAME, "and")) {
            left = new Expr.Binary("and", left, not());
        }
        return left;
    }

    private Expr not() {
        return tokens.take(Kind.NAME, "not") ? new Expr.Unary("not", nested(this::not)) : comparison();
    }

    private Expr comparison() {
        Expr first = sum();
        var steps = new ArrayList<Expr.Compare.Step>();
        while (true) {
            if (tokens.peek().kind() == Kind.OPERATOR && COMPARISONS.contains(tokens.peek().text())) {
                steps.add(new Expr.Compare.Step(tokens.next().text(), sum()));
            } else if (tokens.take(Kind.NAME, "in")) {
                steps.add(new Expr.Compare.Step("in", sum()));
            } else if (tokens.peek().is(Kind.NAME, "not") && tokens.peek(1).is(Kind.NAME, "in")) {
                tokens.next();
                tokens.next();
                steps.add(new Expr.Compare.Step("not in", sum()));
            } else {
                return steps.isEmpty() ? first : new Expr.Compare(first, List.copyOf(steps));
            }
        }
    }

    private Expr sum() {
        return chain(Set.of("+", "-"), () -> chain(Set.of("~"), () -> chain(Set.of("*", "/", "//", "%"), () -> chain(Set.of("**"), () -> unary(true)))));
    }

    private Expr chain(Set<String> operators, Supplier<Expr> operand) {
        Expr left = operand.get();
        while (tokens.peek().kind() == Kind.OPERATOR && operators.contains(tokens.peek().text())) {
            left = new Expr.Binary(tokens.next().text(), left, operand.get());
        }
        return left;
    }

    private Expr unary(boolean filters) {
        Expr value = tokens.isNext("-") || tokens.isNext("+") ? new Expr.Unary(tokens.next().text(), nested(() -> unary(false))) : operands.primary();
        value = operands.postfix(value);
        return filters ? operands.filtered(value) : value;
    }

    /** Values up to an end, which is taken. */
    List<Expr> items(String end) {
        var items = new ArrayList<Expr>();
        while (!tokens.take(end)) {
            items.add(whole());
            if (!tokens.isNext(end)) {
                tokens.expect(",");
            }
        }
        return List.copyOf(items);
    }

    /** Keys and values up to the brace, which is taken. */
    Expr map() {
        var entries = new ArrayList<Map.Entry<Expr, Expr>>();
        while (!tokens.take("}")) {
            Expr key = whole();
            tokens.expect(":");
            entries.add(Map.entry(key, whole()));
            if (!tokens.isNext("}")) {
                tokens.expect(",");
            }
        }
        return new Expr.MapOf(List.copyOf(entries));
    }
}
