// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.List;

/** Cuts a template into tokens, with whitespace around tags as transformers has it: {@code trim_blocks} and {@code lstrip_blocks} are on. */
final class Lexer {
    private static final List<String> OPERATORS = List.of("**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",",
            ":", ".", "|");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String source) {
        String unix = source.replace("\r\n", "\n");
        return new Lexer(unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix).all();
    }

    private List<Token> all() {
        boolean stripLeft = false; // whitespace after a tag that ended with a minus
        boolean newline = false;   // the newline after a block
        while (at < source.length()) {
            int open = nextOpening();
            String text = source.substring(at, open);
            int line = line();
            if (stripLeft) {
                text = text.stripLeading();
            } else if (newline && text.startsWith("\n")) {
                text = text.substring(1);
            }
            if (open == source.length()) {
                add(Token.Kind.TEXT, text, line);
                at = open;
                break;
            }
            char kind = source.charAt(open + 1);
            char sign = open + 2 < source.length() ? source.charAt(open + 2) : ' ';
            if (sign == '-') {
                text = text.stripTrailing();
            } else if (sign != '+' && kind != '{') {
                text = withoutIndent(text, at);
            }
            if (!text.isEmpty()) {
                add(Token.Kind.TEXT, text, line);
            }
            at = open + 2 + (sign == '-' || sign == '+' ? 1 : 0);
            stripLeft = switch (kind) {
                case '#' -> comment();
                case '{' -> inside(Token.Kind.BEGIN_PRINT, Token.Kind.END_PRINT, "}}");
                default -> inside(Token.Kind.BEGIN_TAG, Token.Kind.END_TAG, "%}");
            };
            newline = kind != '{';
        }
        add(Token.Kind.END, "", line());
        return tokens;
    }

    private int nextOpening() {
        for (int i = at; i + 1 < source.length(); i++) {
            if (source.charAt(i) == '{' && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return source.length();
    }

    // Spaces between the beginning of a line and a block are not shown.
    private String withoutIndent(String text, int start) {
        int i = text.length();
        while (i > 0 && (text.charAt(i - 1) == ' ' || text.charAt(i - 1) == '\t')) {
            i--;
        }
        boolean beginsLine = i > 0 ? text.charAt(i - 1) == '\n' : start == 0 || source.charAt(start - 1) == '\n' || source.startsWith("\n", start);
        return beginsLine ? text.substring(0, i) : text;
    }

    private boolean comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw error("a comment does not end");
        }
        boolean minus = end > at && source.charAt(end - 1) == '-';
        at = end + 2;
        return minus;
    }

    // Tokens up to the closing mark; whether that has a minus.
    private boolean inside(Token.Kind begin, Token.Kind end, String close) {
        add(begin, "", line());
        int depth = 0;
        while (true) {
            while (at < source.length() && Character.isWhitespace(source.charAt(at))) {
                at++;
            }
            if (at >= source.length()) {
                throw error("a tag does not end");
            }
            boolean minus = source.startsWith("-" + close, at);
            if (depth == 0 && (minus || source.startsWith(close, at) || source.startsWith("+" + close, at))) {
                add(end, "", line());
                at += close.length() + (source.startsWith(close, at) ? 0 : 1);
                return minus;
            }
            char c = source.charAt(at);
            depth += c == '{' || c == '[' || c == '(' ? 1 : c == '}' || c == ']' || c == ')' ? -1 : 0;
            if (c == '"' || c == '\'') {
                string(c);
            } else if (Character.isDigit(c)) {
                number();
            } else if (Character.isLetter(c) || c == '_') {
                int start = at;
                while (at < source.length() && (Character.isLetterOrDigit(source.charAt(at)) || source.charAt(at) == '_')) {
                    at++;
                }
                add(Token.Kind.NAME, source.substring(start, at), line());
            } else {
                String operator = OPERATORS.stream().filter(o -> source.startsWith(o, at)).findFirst().orElseThrow(() -> error("'" + c + "' means nothing here"));
                add(Token.Kind.OPERATOR, operator, line());
                at += operator.length();
            }
        }
    }

    private void string(char quote) {
        int line = line();
        var text = new StringBuilder();
        at++;
        while (at < source.length() && source.charAt(at) != quote) {
            char c = source.charAt(at++);
            if (c == '\\' && at < source.length()) {
                char escaped = source.charAt(at++);
                switch (escaped) {
                    case 'n' -> text.append('\n');
                    case 't' -> text.append('\t');
                    case 'r' -> text.append('\r');
                    case '\\', '\'', '"' -> text.append(escaped);
                    case 'u' -> {
                        if (!source.substring(at).matches("(?s)[0-9a-fA-F]{4}.*")) {
                            throw error("\\u without four digits");
                        }
                        text.append((char) Integer.parseInt(source.substring(at, at + 4), 16));
                        at += 4;
                    }
                    default -> text.append('\\').append(escaped);
                }
            } else {
                text.append(c);
            }
        }
        if (at >= source.length()) {
            throw error("a string does not end");
        }
        at++;
        add(Token.Kind.STRING, text.toString(), line);
    }

    private void number() {
        int start = at;
        boolean decimal = false;
        while (at < source.length() && (Character.isDigit(source.charAt(at))
                || !decimal && source.charAt(at) == '.' && at + 1 < source.length() && Character.isDigit(source.charAt(at + 1)))) {
            decimal |= source.charAt(at) == '.';
            at++;
        }
        if (at - start > 18) {
            throw error("a number is too long");
        }
        add(decimal ? Token.Kind.DECIMAL : Token.Kind.INTEGER, source.substring(start, at), line());
    }

    private void add(Token.Kind kind, String text, int line) {
        tokens.add(new Token(kind, text, line));
    }

    private int line() {
        return 1 + (int) source.substring(0, Math.min(at, source.length())).chars().filter(c -> c == '\n').count();
    }

    private TemplateException error(String what) {
        return new TemplateException("line " + line() + ": " + what);
    }
}
