// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import io.github.depthc.server.jinja.Token.Kind;
import java.util.List;

/** Tokens one after the other. */
final class TokenReader {
    private final List<Token> tokens;
    private int at;

    TokenReader(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return peek(0);
    }

    Token peek(int ahead) {
        return tokens.get(Math.min(at + ahead, tokens.size() - 1));
    }

    Token next() {
        Token token = peek();
        at++;
        return token;
    }

    /** Takes a token if it is this one. */
    boolean take(Kind kind, String text) {
        boolean is = peek().is(kind, text);
        at += is ? 1 : 0;
        return is;
    }

    /** Takes an operator if it is this one. */
    boolean take(String operator) {
        return take(Kind.OPERATOR, operator);
    }

    /** Whether an operator is next that is this one. */
    boolean isNext(String operator) {
        return peek().is(Kind.OPERATOR, operator);
    }

    void expect(Kind kind, String text) {
        if (!take(kind, text)) {
            throw error("found " + found() + ", expected " + (text.isEmpty() ? "the end of the tag" : "'" + text + "'"));
        }
    }

    void expect(String operator) {
        expect(Kind.OPERATOR, operator);
    }

    String expectName() {
        if (peek().kind() != Kind.NAME) {
            throw error("found " + found() + ", expected a name");
        }
        return next().text();
    }

    private String found() {
        return switch (peek().kind()) {
            case END -> "the end of the template";
            case END_TAG, END_PRINT -> "the end of the tag";
            case TEXT -> "text";
            default -> "'" + peek().text() + "'";
        };
    }

    TemplateException error(String what) {
        return new TemplateException(what).at(peek().line());
    }
}
