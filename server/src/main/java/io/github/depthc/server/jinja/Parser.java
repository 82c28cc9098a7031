// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import io.github.depthc.server.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads statements; expressions are read by {@link ExprParser}. */
final class Parser {
    private static final int DEEPEST = 100;

    private final TokenReader tokens;
    private final ExprParser expressions;
    private int depth;

    private Parser(String source) {
        tokens = new TokenReader(Lexer.tokens(source));
        expressions = new ExprParser(tokens);
    }

    static List<Stmt> parse(String source) {
        var parser = new Parser(source);
        List<Stmt> all = parser.until(Set.of());
        if (parser.tokens.peek().kind() != Kind.END) {
            throw parser.tokens.error("a tag that ends nothing");
        }
        return all;
    }

    // Statements before a tag of one of these names, which is left where it is, or the end.
    private List<Stmt> until(Set<String> ends) {
        if (++depth > DEEPEST) {
            throw tokens.error("blocks are nested too deeply");
        }
        var all = new ArrayList<Stmt>();
        while (tokens.peek().kind() != Kind.END) {
            if (tokens.peek().kind() == Kind.BEGIN_TAG && ends.contains(tokens.peek(1).text())) {
                break;
            }
            Token token = tokens.next();
            switch (token.kind()) {
                case TEXT -> all.add(new Stmt.Text(token.text()));
                case BEGIN_PRINT -> {
                    all.add(new Stmt.Print(expressions.whole()));
                    tokens.expect(Kind.END_PRINT, "");
                }
                default -> all.add(tag());
            }
        }
        depth--;
        return List.copyOf(all);
    }

    private Stmt tag() {
        String name = tokens.expectName();
        return switch (name) {
            case "if" -> conditional();
            case "for" -> loop();
            case "set" -> assignment();
            case "macro" -> macro();
            case "break" -> end(new Stmt.Break());
            case "continue" -> end(new Stmt.Continue());
            case "generation" -> {
                tokens.expect(Kind.END_TAG, "");
                yield new Stmt.Block(body("endgeneration"));
            }
            default -> throw tokens.error("the tag " + name + " is not known");
        };
    }

    private Stmt end(Stmt stmt) {
        tokens.expect(Kind.END_TAG, "");
        return stmt;
    }

    // Up to the end tag, which is taken.
    private List<Stmt> body(String end) {
        List<Stmt> body = until(Set.of(end));
        tokens.expect(Kind.BEGIN_TAG, "");
        tokens.expect(Kind.NAME, end);
        tokens.expect(Kind.END_TAG, "");
        return body;
    }

    private Stmt conditional() {
        var branches = new ArrayList<Stmt.If.Branch>();
        Expr condition = expressions.whole();
        while (true) {
            tokens.expect(Kind.END_TAG, "");
            List<Stmt> body = until(Set.of("elif", "else", "endif"));
            branches.add(new Stmt.If.Branch(condition, body));
            tokens.expect(Kind.BEGIN_TAG, "");
            String next = tokens.expectName();
            if (next.equals("endif")) {
                tokens.expect(Kind.END_TAG, "");
                return new Stmt.If(List.copyOf(branches));
            }
            if (condition == null) {
                throw tokens.error(next + " after else");
            }
            condition = next.equals("elif") ? expressions.whole() : null;
        }
    }

    private Stmt loop() {
        var names = new ArrayList<>(List.of(tokens.expectName()));
        while (tokens.take(Kind.OPERATOR, ",")) {
            names.add(tokens.expectName());
        }
        tokens.expect(Kind.NAME, "in");
        Expr in = expressions.withoutCondition();
        Expr filter = tokens.take(Kind.NAME, "if") ? expressions.whole() : null;
        tokens.expect(Kind.END_TAG, "");
        List<Stmt> body = until(Set.of("else", "endfor"));
        tokens.expect(Kind.BEGIN_TAG, "");
        if (tokens.expectName().equals("else")) {
            tokens.expect(Kind.END_TAG, "");
            return new Stmt.For(names, in, filter, body, body("endfor"));
        }
        tokens.expect(Kind.END_TAG, "");
        return new Stmt.For(names, in, filter, body, List.of());
    }

    private Stmt assignment() {
        String name = tokens.expectName();
        String attribute = tokens.take(Kind.OPERATOR, ".") ? tokens.expectName() : null;
        if (tokens.take(Kind.OPERATOR, "=")) {
            return end(new Stmt.Set(name, attribute, expressions.whole()));
        }
        tokens.expect(Kind.END_TAG, "");
        return new Stmt.SetBlock(name, body("endset"));
    }

    private Stmt macro() {
        String name = tokens.expectName();
        tokens.expect(Kind.OPERATOR, "(");
        Map<String, Expr> parameters = new LinkedHashMap<>();
        while (!tokens.take(Kind.OPERATOR, ")")) {
            String parameter = tokens.expectName();
            parameters.put(parameter, tokens.take(Kind.OPERATOR, "=") ? expressions.whole() : null);
            tokens.take(Kind.OPERATOR, ",");
        }
        tokens.expect(Kind.END_TAG, "");
        return new Stmt.Macro(name, new LinkedHashMap<>(parameters), body("endmacro"));
    }
}
