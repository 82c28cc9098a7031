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

    void expect(Kind kind, String text) {
        if (!take(kind, text)) {
            throw error("found '" + peek().text() + "', expected " + (text.isEmpty() ? "the end of the tag" : "'" + text + "'"));
        }
    }

    String expectName() {
        if (peek().kind() != Kind.NAME) {
            throw error("found '" + peek().text() + "', expected a name");
        }
        return next().text();
    }

    TemplateException error(String what) {
        return new TemplateException("line " + peek().line() + ": " + what);
    }
}
