// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import io.github.depthc.server.jinja.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Reads a value and what is done to it: attributes, items, calls, filters and tests. */
final class OperandParser {
    private static final Set<String> NO_ARGUMENT = Set.of("else", "or", "and", "is", "not", "in", "if", "recursive");

    private final TokenReader tokens;
    private final ExprParser whole;
    private final Known known;

    OperandParser(TokenReader tokens, ExprParser whole, Known known) {
        this.tokens = tokens;
        this.whole = whole;
        this.known = known;
    }

    Expr primary() {
        Token token = tokens.peek();
        return switch (token.kind()) {
            case STRING -> {
                var text = new StringBuilder();
                while (tokens.peek().kind() == Kind.STRING) {
                    text.append(tokens.next().text());
                }
                yield new Expr.Literal(text.toString());
            }
            case INTEGER -> new Expr.Literal(integer(tokens.next().text()));
            case DECIMAL -> new Expr.Literal(Double.parseDouble(tokens.next().text()));
            case NAME -> name(tokens.next().text());
            case OPERATOR -> {
                if (tokens.take("(")) {
                    yield parenthesis();
                }
                if (tokens.take("[")) {
                    yield new Expr.ListOf(whole.items("]"));
                }
                tokens.expect("{");
                yield whole.map();
            }
            default -> throw tokens.error("an expression ends too early; expected a value");
        };
    }

    private Expr name(String name) {
        return switch (name) {
            case "true", "True" -> new Expr.Literal(true);
            case "false", "False" -> new Expr.Literal(false);
            case "none", "None" -> new Expr.Literal(null);
            default -> {
                whole.use(name);
                yield new Expr.Name(name);
            }
        };
    }

    private Long integer(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        int radix = lower.startsWith("0x") ? 16 : lower.startsWith("0o") ? 8 : lower.startsWith("0b") ? 2 : 10;
        var value = new BigInteger(radix == 10 ? lower : lower.substring(2), radix);
        if (value.bitLength() > 63) {
            throw tokens.error("the number " + text + " is too large; whole numbers have 64 bits here");
        }
        return value.longValue();
    }

    private Expr parenthesis() {
        Expr value = tokens.isNext(")") ? new Expr.TupleOf(List.of()) : whole.tuple();
        tokens.expect(")");
        return value;
    }

    Expr postfix(Expr value) {
        Expr of = value;
        while (true) {
            if (tokens.take(".")) {
                of = tokens.peek().kind() == Kind.INTEGER ? new Expr.Item(of, new Expr.Literal(integer(tokens.next().text()))) : new Expr.Attribute(of, tokens.expectName());
            } else if (tokens.take("[")) {
                of = subscript(of);
            } else if (tokens.take("(")) {
                of = new Expr.Call(of, arguments());
            } else {
                return of;
            }
        }
    }

    private Expr subscript(Expr of) {
        Expr from = tokens.isNext(":") ? null : whole.whole();
        if (tokens.take("]")) {
            return new Expr.Item(of, from);
        }
        tokens.expect(":");
        Expr to = tokens.isNext(":") || tokens.isNext("]") ? null : whole.whole();
        Expr step = tokens.take(":") && !tokens.isNext("]") ? whole.whole() : null;
        tokens.expect("]");
        return new Expr.Slice(of, from, to, step);
    }

    // After the opening parenthesis.
    private Expr.Arguments arguments() {
        var positional = new ArrayList<Expr>();
        var named = new LinkedHashMap<String, Expr>();
        while (!tokens.take(")")) {
            if (tokens.peek().kind() == Kind.NAME && tokens.peek(1).is(Kind.OPERATOR, "=")) {
                String name = tokens.next().text();
                tokens.next();
                if (named.put(name, whole.whole()) != null) {
                    throw tokens.error("the argument " + name + " is given twice");
                }
            } else if (tokens.isNext("*") || tokens.isNext("**")) {
                throw tokens.error("arguments in a list or a mapping (" + tokens.peek().text() + ") are not there here; write them out");
            } else if (!named.isEmpty()) {
                throw tokens.error("an argument without a name follows one with a name");
            } else {
                positional.add(whole.whole());
            }
            if (!tokens.isNext(")")) {
                tokens.expect(",");
            }
        }
        return new Expr.Arguments(List.copyOf(positional), Collections.unmodifiableMap(named));
    }

    Expr filtered(Expr value) {
        Expr of = value;
        while (true) {
            if (tokens.take("|")) {
                of = filter(of);
            } else if (tokens.take(Kind.NAME, "is")) {
                of = test(of);
            } else if (tokens.take("(")) {
                of = new Expr.Call(of, arguments());
            } else {
                return of;
            }
        }
    }

    /** A filter of a value; its name is next. */
    Expr filter(Expr of) {
        Token at = tokens.peek();
        String name = dotted();
        Expr.Arguments arguments = tokens.take("(") ? arguments() : Expr.Arguments.NONE;
        known.checkFilter(at, name, arguments);
        // Marked text would escape what it is joined to.
        if (name.equals("safe") && tokens.peek().kind() != Kind.END_PRINT) {
            throw tokens.error("the filter safe can only stand at the end of {{ … }} here; leave it out, nothing is escaped");
        }
        return new Expr.Filter(of, name, arguments);
    }

    private Expr test(Expr of) {
        boolean negated = tokens.take(Kind.NAME, "not");
        Token at = tokens.peek();
        String name = dotted();
        Expr.Arguments arguments = tokens.take("(") ? arguments() : hasArgument() ? new Expr.Arguments(List.of(postfix(primary())), Map.of()) : Expr.Arguments.NONE;
        if (tokens.peek().is(Kind.NAME, "is")) {
            throw tokens.error("a test of a test; put the first one in parentheses");
        }
        known.checkTest(at, name, arguments);
        Expr test = new Expr.Test(of, name, arguments);
        return negated ? new Expr.Unary("not", test) : test;
    }

    private boolean hasArgument() {
        Token next = tokens.peek();
        return switch (next.kind()) {
            case NAME -> !NO_ARGUMENT.contains(next.text());
            case STRING, INTEGER, DECIMAL -> true;
            case OPERATOR -> tokens.isNext("[") || tokens.isNext("{");
            default -> false;
        };
    }

    private String dotted() {
        var name = new StringBuilder(tokens.expectName());
        while (tokens.take(".")) {
            name.append('.').append(tokens.expectName());
        }
        return name.toString();
    }
}
