// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Cuts a template into tokens, with whitespace around tags as transformers has it: {@code trim_blocks} and {@code lstrip_blocks} are on. */
final class Lexer {
    private static final Pattern RAW = Pattern.compile("\\{%[-+]?\\s*raw\\s*(-%}\\s*|%})", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern END_RAW = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(\\+%}|-%}\\s*|%}\\n?)", Pattern.UNICODE_CHARACTER_CLASS);

    private final String whole;
    private final Source source;
    private final TagLexer tags;
    private final List<Token> tokens = new ArrayList<>();
    /** Whether what comes is at the beginning of a line. */
    private boolean lineBegins = true;

    private Lexer(String template) {
        source = new Source(template);
        whole = source.between(0, source.length());
        tags = new TagLexer(source, tokens);
    }

    static List<Token> tokens(String template) {
        var lexer = new Lexer(template);
        lexer.all();
        return lexer.tokens;
    }

    private void all() {
        while (!source.ended()) {
            int open = nextOpening();
            if (open == source.length()) {
                text(source.between(source.at(), open), source.line());
                source.moveTo(open);
                break;
            }
            char kind = whole.charAt(open + 1);
            char sign = open + 2 < whole.length() ? whole.charAt(open + 2) : ' ';
            text(before(source.between(source.at(), open), sign, kind != '{'), source.line());
            source.moveTo(open);
            Matcher raw = RAW.matcher(whole).region(open, whole.length());
            if (kind == '%' && raw.lookingAt()) {
                raw(raw.end());
            } else {
                source.skip(sign == '-' || sign == '+' ? 3 : 2);
                switch (kind) {
                    case '#' -> comment();
                    case '{' -> tags.read(Token.Kind.BEGIN_PRINT, Token.Kind.END_PRINT, "}}");
                    default -> tags.read(Token.Kind.BEGIN_TAG, Token.Kind.END_TAG, "%}");
                }
                close(kind != '{');
            }
        }
        tokens.add(new Token(Token.Kind.END, "", source.line()));
    }

    private void text(String text, int line) {
        if (!text.isEmpty()) {
            tokens.add(new Token(Token.Kind.TEXT, text, line));
        }
    }

    private int nextOpening() {
        for (int i = source.at(); i + 1 < whole.length(); i++) {
            if (whole.charAt(i) == '{' && "{%#".indexOf(whole.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return whole.length();
    }

    // Without what its sign takes off before a tag, or, of a block without one, the spaces from the beginning of its line.
    private String before(String text, char sign, boolean block) {
        if (sign == '-') {
            return Strings.strip(text, null, false, true);
        }
        int from = text.lastIndexOf('\n') + 1;
        return sign != '+' && block && (from > 0 || lineBegins) && Strings.strip(text.substring(from), null, true, false).isEmpty() ? text.substring(0, from) : text;
    }

    // The end mark is next, with its sign.
    private void close(boolean block) {
        boolean minus = source.peek(0) == '-';
        source.skip(minus || source.peek(0) == '+' ? 3 : 2);
        int end = source.at();
        if (minus) {
            while (!source.ended() && Strings.isSpace(source.peek(0))) {
                source.skip(1);
            }
        } else if (block && whole.charAt(end - 3) != '+' && source.peek(0) == '\n') {
            source.skip(1);
        }
        lineBegins = whole.charAt(source.at() - 1) == '\n';
    }

    private void comment() {
        int end = source.find("#}");
        if (end < 0) {
            throw source.error("a comment does not end; expected #}");
        }
        boolean signed = end > source.at() && "-+".indexOf(whole.charAt(end - 1)) >= 0;
        source.moveTo(signed ? end - 1 : end);
    }

    private void raw(int from) {
        Matcher end = END_RAW.matcher(whole).region(from, whole.length());
        if (!end.find()) {
            throw source.error("raw does not end; expected {% endraw %}");
        }
        lineBegins = whole.charAt(from - 1) == '\n';
        source.moveTo(from);
        text(before(source.between(from, end.start()), end.group(1).isEmpty() ? ' ' : end.group(1).charAt(0), true), source.line());
        source.moveTo(end.end());
        lineBegins = whole.charAt(end.end() - 1) == '\n';
    }
}
