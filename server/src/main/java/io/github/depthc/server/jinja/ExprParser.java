// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import io.github.depthc.server.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads expressions, in Jinja's order of operators. */
final class ExprParser {
    private static final int DEEPEST = 200;
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");

    private final TokenReader tokens;
    private int depth;

    ExprParser(TokenReader tokens) {
        this.tokens = tokens;
    }

    /** With {@code … if … else …}. */
    Expr whole() {
        if (++depth > DEEPEST) {
            throw tokens.error("an expression is nested too deeply");
        }
        Expr value = or();
        while (tokens.take(Kind.NAME, "if")) {
            Expr condition = or();
            value = new Expr.Conditional(condition, value, tokens.take(Kind.NAME, "else") ? whole() : new Expr.Literal(Undefined.VALUE));
        }
        depth--;
        return value;
    }

    /** Without: an {@code if} after it is another's. */
    Expr withoutCondition() {
        return or();
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
        return tokens.take(Kind.NAME, "not") ? new Expr.Unary("not", not()) : comparison();
    }

    private Expr comparison() {
        Expr left = sum();
        while (true) {
            if (tokens.peek().kind() == Kind.OPERATOR && COMPARISONS.contains(tokens.peek().text())) {
                left = new Expr.Binary(tokens.next().text(), left, sum());
            } else if (tokens.take(Kind.NAME, "in")) {
                left = new Expr.Binary("in", left, sum());
            } else if (tokens.peek().is(Kind.NAME, "not") && tokens.peek(1).is(Kind.NAME, "in")) {
                tokens.next();
                tokens.next();
                left = new Expr.Unary("not", new Expr.Binary("in", left, sum()));
            } else {
                return left;
            }
        }
    }

    private Expr sum() {
        Expr left = concatenation();
        while (isOperator("+") || isOperator("-")) {
            left = new Expr.Binary(tokens.next().text(), left, concatenation());
        }
        return left;
    }

    private Expr concatenation() {
        Expr left = product();
        while (tokens.take(Kind.OPERATOR, "~")) {
            left = new Expr.Binary("~", left, product());
        }
        return left;
    }

    private Expr product() {
        Expr left = unary();
        while (isOperator("*") || isOperator("/") || isOperator("//") || isOperator("%")) {
            left = new Expr.Binary(tokens.next().text(), left, unary());
        }
        return left;
    }

    private boolean isOperator(String text) {
        return tokens.peek().is(Kind.OPERATOR, text);
    }

    private Expr unary() {
        if (tokens.take(Kind.OPERATOR, "-")) {
            return new Expr.Unary("-", unary());
        }
        return filtered(postfix(primary()));
    }

    private Expr primary() {
        Token token = tokens.next();
        return switch (token.kind()) {
            case STRING -> {
                var text = new StringBuilder(token.text());
                while (tokens.peek().kind() == Kind.STRING) {
                    text.append(tokens.next().text());
                }
                yield new Expr.Literal(text.toString());
            }
            case INTEGER -> new Expr.Literal(Long.parseLong(token.text()));
            case DECIMAL -> new Expr.Literal(Double.parseDouble(token.text()));
            case NAME -> switch (token.text()) {
                case "true", "True" -> new Expr.Literal(true);
                case "false", "False" -> new Expr.Literal(false);
                case "none", "None" -> new Expr.Literal(null);
                default -> new Expr.Name(token.text());
            };
            case OPERATOR -> switch (token.text()) {
                case "(" -> parenthesis();
                case "[" -> new Expr.ListOf(items("]"));
                case "{" -> map();
                default -> throw tokens.error("found '" + token.text() + "', expected a value");
            };
            default -> throw tokens.error("an expression ends too early");
        };
    }

    private Expr parenthesis() {
        Expr first = whole();
        if (tokens.take(Kind.OPERATOR, ")")) {
            return first;
        }
        tokens.expect(Kind.OPERATOR, ",");
        var all = new ArrayList<>(List.of(first));
        all.addAll(items(")"));
        return new Expr.ListOf(List.copyOf(all));
    }

    private List<Expr> items(String end) {
        var items = new ArrayList<Expr>();
        while (!tokens.take(Kind.OPERATOR, end)) {
            items.add(whole());
            if (!isOperator(end)) {
                tokens.expect(Kind.OPERATOR, ",");
            }
        }
        return List.copyOf(items);
    }

    private Expr map() {
        var entries = new ArrayList<Map.Entry<Expr, Expr>>();
        while (!tokens.take(Kind.OPERATOR, "}")) {
            Expr key = whole();
            tokens.expect(Kind.OPERATOR, ":");
            entries.add(Map.entry(key, whole()));
            if (!isOperator("}")) {
                tokens.expect(Kind.OPERATOR, ",");
            }
        }
        return new Expr.MapOf(List.copyOf(entries));
    }

    private Expr postfix(Expr value) {
        Expr of = value;
        while (true) {
            if (tokens.take(Kind.OPERATOR, ".")) {
                of = new Expr.Attribute(of, tokens.expectName());
            } else if (tokens.take(Kind.OPERATOR, "[")) {
                of = subscript(of);
            } else if (tokens.take(Kind.OPERATOR, "(")) {
                of = new Expr.Call(of, arguments());
            } else {
                return of;
            }
        }
    }

    private Expr subscript(Expr of) {
        Expr from = isOperator(":") ? null : whole();
        if (tokens.take(Kind.OPERATOR, "]")) {
            return new Expr.Item(of, from);
        }
        tokens.expect(Kind.OPERATOR, ":");
        Expr to = isOperator(":") || isOperator("]") ? null : whole();
        Expr step = tokens.take(Kind.OPERATOR, ":") && !isOperator("]") ? whole() : null;
        tokens.expect(Kind.OPERATOR, "]");
        return new Expr.Slice(of, from, to, step);
    }

    // After the opening parenthesis.
    private Expr.Arguments arguments() {
        var positional = new ArrayList<Expr>();
        var named = new HashMap<String, Expr>();
        while (!tokens.take(Kind.OPERATOR, ")")) {
            if (tokens.peek().kind() == Kind.NAME && tokens.peek(1).is(Kind.OPERATOR, "=")) {
                String name = tokens.next().text();
                tokens.next();
                named.put(name, whole());
            } else {
                positional.add(whole());
            }
            if (!isOperator(")")) {
                tokens.expect(Kind.OPERATOR, ",");
            }
        }
        return new Expr.Arguments(List.copyOf(positional), Map.copyOf(named));
    }

    private Expr filtered(Expr value) {
        Expr of = value;
        while (true) {
            if (tokens.take(Kind.OPERATOR, "|")) {
                String name = tokens.expectName();
                of = postfix(new Expr.Filter(of, name, tokens.take(Kind.OPERATOR, "(") ? arguments() : Expr.Arguments.NONE));
            } else if (tokens.take(Kind.NAME, "is")) {
                boolean negated = tokens.take(Kind.NAME, "not");
                String name = tokens.expectName();
                List<Expr> arguments = tokens.take(Kind.OPERATOR, "(") ? items(")") : List.of();
                of = new Expr.Test(of, name, arguments, negated);
            } else {
                return of;
            }
        }
    }
}
