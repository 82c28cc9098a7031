// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import io.github.depthc.server.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads statements; expressions are read by {@link ExprParser}, what has a body by {@link BlockParser}. */
final class Parser {
    private static final int DEEPEST = 80;
    private static final Set<String> OTHER_FILES = Set.of("include", "import", "from", "extends", "block");

    private final TokenReader tokens;
    private final ExprParser expressions;
    private final Known known = new Known();
    private final BlockParser blocks;
    private int depth;

    private Parser(String source) {
        tokens = new TokenReader(Lexer.tokens(source));
        expressions = new ExprParser(tokens, known);
        blocks = new BlockParser(this, tokens, expressions, known);
    }

    static List<Stmt> parse(String source) {
        var parser = new Parser(source);
        List<Stmt> all = parser.until(Set.of());
        if (parser.tokens.peek().kind() != Kind.END) {
            throw parser.tokens.error("a tag that ends nothing");
        }
        parser.known.check();
        return all;
    }

    /** Statements before a tag of one of these names, which is left where it is, or the end. */
    List<Stmt> until(Set<String> ends) {
        if (++depth > DEEPEST) {
            throw tokens.error("blocks are nested more than " + DEEPEST + " deep");
        }
        var all = new ArrayList<Stmt>();
        while (tokens.peek().kind() != Kind.END) {
            if (tokens.peek().kind() == Kind.BEGIN_TAG && ends.contains(tokens.peek(1).text())) {
                break;
            }
            Token token = tokens.next();
            switch (token.kind()) {
                case TEXT -> all.add(new Stmt.Text(token.text(), token.line()));
                case BEGIN_PRINT -> {
                    all.add(new Stmt.Print(expressions.tuple(), token.line()));
                    tokens.expect(Kind.END_PRINT, "");
                }
                default -> all.add(tag(token.line()));
            }
        }
        depth--;
        return List.copyOf(all);
    }

    /** Up to the end tag, which is taken; the tag before has its end next. */
    List<Stmt> body(String end) {
        tokens.expect(Kind.END_TAG, "");
        List<Stmt> body = until(Set.of(end));
        tokens.expect(Kind.BEGIN_TAG, "");
        tokens.expect(Kind.NAME, end);
        return body;
    }

    private Stmt tag(int line) {
        String name = tokens.expectName();
        Stmt statement = switch (name) {
            case "if" -> blocks.conditional(line);
            case "for" -> blocks.loop(line);
            case "set" -> blocks.assignment(line);
            case "with" -> blocks.with(line);
            case "macro" -> blocks.macro(line);
            case "call" -> blocks.call(line);
            case "filter" -> blocks.filter(line);
            case "generation" -> new Stmt.Block(body("endgeneration"), line);
            case "print" -> new Stmt.Print(expressions.tuple(), line);
            case "break", "continue" -> blocks.jump(name, line);
            default -> throw tokens.error(OTHER_FILES.contains(name) ? "the tag " + name + " is for templates of several files, of which there is one here"
                    : "the tag " + name + (name.startsWith("end") || name.startsWith("el") ? " ends nothing that is open here" : " is not known here"));
        };
        tokens.expect(Kind.END_TAG, "");
        return statement;
    }

    /** Where values go to, up to {@code =}, {@code in} or the end of the tag. */
    Target target(boolean attributes) {
        Target first = oneTarget(attributes);
        if (!tokens.isNext(",")) {
            return first;
        }
        var parts = new ArrayList<>(List.of(first));
        while (tokens.take(",") && !tokens.isNext("=") && !tokens.isNext(")") && !tokens.peek().is(Kind.NAME, "in")) {
            parts.add(oneTarget(attributes));
        }
        return new Target.Parts(List.copyOf(parts));
    }

    private Target oneTarget(boolean attributes) {
        if (tokens.take("(")) {
            if (++depth > DEEPEST) {
                throw tokens.error("names are nested more than " + DEEPEST + " deep");
            }
            Target inner = target(attributes);
            tokens.expect(")");
            depth--;
            return inner;
        }
        String name = tokens.expectName();
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name)) {
            throw tokens.error(name + " is no name for a value");
        }
        if (attributes && tokens.take(".")) {
            expressions.use(name);
            return new Target.Attribute(name, tokens.expectName());
        }
        return new Target.Name(name);
    }

    /** Names with values, up to the end of the tag. */
    List<Map.Entry<Target, Expr>> values() {
        var values = new ArrayList<Map.Entry<Target, Expr>>();
        while (tokens.peek().kind() != Kind.END_TAG) {
            if (!values.isEmpty()) {
                tokens.expect(",");
            }
            Target target = oneTarget(false);
            tokens.expect("=");
            values.add(Map.entry(target, expressions.whole()));
        }
        return List.copyOf(values);
    }
}
