// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import io.github.depthc.server.jinja.Token.Kind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Cuts what is inside a tag into tokens. */
final class TagLexer {
    private static final List<String> OPERATORS = List.of("**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",",
            ":", ".", "|");
    private static final Pattern DECIMAL = Pattern.compile("[0-9][0-9_]*(?:(?:\\.[0-9][0-9_]*)?[eE][+-]?[0-9][0-9_]*|\\.[0-9][0-9_]*)");
    private static final Pattern INTEGER = Pattern.compile("(?:0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?[0-9])*|0(?:_?0)*)");
    private static final int LONGEST_NUMBER = 40;

    private final Source source;
    private final List<Token> tokens;

    TagLexer(Source source, List<Token> tokens) {
        this.source = source;
        this.tokens = tokens;
    }

    /** Tokens up to the closing mark, which is left with its sign. */
    void read(Kind begin, Kind end, String close) {
        add(begin, "");
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            while (Strings.isSpace(source.peek(0)) && !source.ended()) {
                source.skip(1);
            }
            if (source.ended()) {
                throw source.error("a tag does not end; expected " + close);
            }
            if (open.isEmpty() && (source.startsWith(close) || source.startsWith("-" + close) || end == Kind.END_TAG && source.startsWith("+" + close))) {
                add(end, "");
                return;
            }
            char c = source.peek(0);
            if (c == '"' || c == '\'') {
                add(Kind.STRING, new StringLiteral(source).read());
            } else if (c >= '0' && c <= '9') {
                number();
            } else if (Character.isLetter(c) || c == '_') {
                int start = source.at();
                while (Character.isLetterOrDigit(source.peek(0)) || source.peek(0) == '_') {
                    source.skip(1);
                }
                add(Kind.NAME, source.between(start, source.at()));
            } else {
                String operator = OPERATORS.stream().filter(source::startsWith).findFirst().orElseThrow(() -> source.error("'" + c + "' means nothing here"));
                balance(open, c);
                add(Kind.OPERATOR, operator);
                source.skip(operator.length());
            }
        }
    }

    private void balance(Deque<Character> open, char c) {
        switch (c) {
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '{' -> open.push('}');
            case ')', ']', '}' -> {
                if (open.isEmpty() || open.pop() != c) {
                    throw source.error("'" + c + "' closes nothing that is open");
                }
            }
            default -> {
            }
        }
    }

    private void number() {
        int most = Math.min(source.length(), source.at() + LONGEST_NUMBER);
        String rest = source.between(source.at(), most);
        // Not of x.0.1, where they are names of items.
        boolean afterDot = source.at() > 0 && source.charAt(source.at() - 1) == '.';
        Matcher decimal = DECIMAL.matcher(rest);
        if (!afterDot && decimal.lookingAt()) {
            number(Kind.DECIMAL, decimal);
            return;
        }
        Matcher integer = INTEGER.matcher(rest);
        integer.lookingAt();
        number(Kind.INTEGER, integer);
    }

    private void number(Kind kind, Matcher matcher) {
        if (matcher.end() == LONGEST_NUMBER) {
            throw source.error("a number is too long");
        }
        add(kind, matcher.group().replace("_", ""));
        source.skip(matcher.end());
    }

    private void add(Kind kind, String text) {
        tokens.add(new Token(kind, text, source.line()));
    }
}
