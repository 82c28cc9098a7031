// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import io.github.depthc.ir.Location;
import io.github.depthc.ir.Origin;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * A place in a text and the tokens found there: identifiers {@code [A-Za-z_][A-Za-z0-9_.-]*}, numbers, quoted strings and
 * single characters. White space and {@code //} comments before a token are skipped. What does not fit is a
 * {@link TextException} at its line and column.
 */
public final class Cursor {
    /** How deep regions, attributes and weight views may be nested. */
    static final int MAX_DEPTH = 32;

    private static final Pattern NUMBER = Pattern.compile("-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
    private static final Pattern INTEGER = Pattern.compile("-?[0-9]+");
    private static final int MAX_FOUND = 40;

    private final SourceText source;
    private final String text;
    private int position;
    private int line = 1;
    private int lineStart;
    private int depth;

    /** The beginning of a text. */
    public Cursor(SourceText source) {
        this.source = source;
        this.text = source.text();
    }

    /** Where the next token begins. */
    public Location here() {
        skip();
        return new Location(source.name(), line, position - lineStart + 1);
    }

    /** True if only white space and comments are left. */
    public boolean atEnd() {
        skip();
        return position == text.length();
    }

    /** True if the next character is this one. */
    public boolean at(char c) {
        skip();
        return position < text.length() && text.charAt(position) == c;
    }

    /** True if the next token is an identifier. */
    public boolean atIdentifier() {
        skip();
        return position < text.length() && startsIdentifier(text.charAt(position));
    }

    /** True if the next token is a word, a number or a string. */
    boolean atValue() {
        return atIdentifier() || at('-') || at('"') || position < text.length() && isDigit(text.charAt(position));
    }

    /** Takes the next character if it is this one. */
    public boolean take(char c) {
        if (at(c)) {
            position++;
            return true;
        }
        return false;
    }

    /** Takes the next token if it is this identifier. */
    public boolean take(String word) {
        skip();
        if (!atIdentifier() || identifierEnd() != position + word.length() || !text.startsWith(word, position)) {
            return false;
        }
        position += word.length();
        return true;
    }

    /** Takes this character. */
    public void expect(char c) {
        if (!take(c)) {
            throw expected("'" + c + "'");
        }
    }

    /** Takes this identifier. */
    public void expect(String word) {
        if (!take(word)) {
            throw expected("'" + word + "'");
        }
    }

    /** Takes an identifier; the argument says what it is for. */
    public String identifier(String what) {
        if (!atIdentifier()) {
            throw expected(what);
        }
        int begin = position;
        int end = identifierEnd();
        if (end < text.length() && Character.isLetter(text.codePointAt(end))) {
            while (end < text.length() && Character.isLetterOrDigit(text.codePointAt(end))) {
                end += Character.charCount(text.codePointAt(end));
            }
            throw error(here(), "found '" + clip(text.substring(begin, end)) + "', expected " + what + " of the characters A-Z, a-z, 0-9, '_', '.' and '-'");
        }
        position = end;
        return text.substring(begin, end);
    }

    /** Takes {@code %name} and gives the name. */
    String valueName() {
        skip();
        int end = position + 1;
        while (at('%') && end < text.length() && Names.isNameCharacter(text.charAt(end))) {
            end++;
        }
        if (end == position + 1) {
            throw expected("a value such as %x");
        }
        String name = text.substring(position + 1, end);
        position = end;
        return name;
    }

    /** Takes a run of digits: a size, which may be followed by anything. */
    long size() {
        skip();
        int begin = position;
        int end = begin;
        while (end < text.length() && isDigit(text.charAt(end))) {
            end++;
        }
        if (begin == end) {
            throw expected("a size");
        }
        try {
            long size = Long.parseLong(text.substring(begin, end));
            position = end;
            return size;
        } catch (NumberFormatException e) {
            throw expected("a size of at most " + Long.MAX_VALUE);
        }
    }

    /** Takes an integer between two bounds, both inclusive. */
    public long integer(long min, long max) {
        Location at = here();
        String number = number(INTEGER, "an integer");
        try {
            long value = Long.parseLong(number);
            if (min <= value && value <= max) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Too long for any bound: the message below says so.
        }
        throw error(at, "found '" + clip(number) + "', expected an integer between " + min + " and " + max);
    }

    /** Takes a finite number. */
    public double number() {
        Location at = here();
        String number = number(NUMBER, "a number");
        double value = Double.parseDouble(number);
        if (Double.isFinite(value)) {
            return value;
        }
        throw error(at, "found '" + clip(number) + "', expected a number that a double can hold");
    }

    /** Takes a quoted string and gives its value. */
    public String string() {
        if (!at('"')) {
            throw expected("a string in double quotes");
        }
        Location start = here();
        var value = new StringBuilder();
        position++;
        while (true) {
            if (position == text.length() || text.charAt(position) == '\n') {
                throw error(start, "found a string without an end, expected '\"' on the same line");
            }
            char c = text.charAt(position++);
            if (c == '"') {
                return value.toString();
            }
            value.append(c == '\\' ? escape() : c);
        }
    }

    /** Nothing may follow. */
    public void end() {
        if (!atEnd()) {
            throw expected("the end of the text");
        }
    }

    /** The error that something else stands here. */
    public TextException expected(String what) {
        return error(here(), "found " + quoted() + ", expected " + what);
    }

    /** An error at a place of this text. */
    public TextException error(Location at, String message) {
        return new TextException(at, message, source.excerpt(at));
    }

    /** Makes something of what was read; what a constructor refuses becomes an error at the place. */
    <T> T make(Location at, Supplier<T> maker) {
        try {
            return maker.get();
        } catch (TextException e) {
            throw e;
        } catch (RuntimeException | AssertionError | LinkageError | StackOverflowError e) {
            // the message of these says nothing without their name
            boolean worded = e instanceof RuntimeException && e.getMessage() != null && !(e instanceof NullPointerException) && !(e instanceof ClassCastException);
            TextException error = error(at, worded ? oneLine(e.getMessage()) : Origin.words(e));
            error.initCause(e);
            throw error;
        }
    }

    /** Reads something nested one level deeper. */
    <T> T nested(Supplier<T> reader) {
        if (depth == MAX_DEPTH) {
            throw error(here(), "found nesting deeper than " + MAX_DEPTH + " levels, expected less");
        }
        depth++;
        T value = reader.get();
        depth--;
        return value;
    }

    private String number(Pattern form, String what) {
        skip();
        int end = position;
        if (end < text.length() && text.charAt(end) == '-') {
            end++;
        }
        while (end < text.length() && (isIdentifierPart(text.charAt(end)) && text.charAt(end) != '-' || isExponentSign(end))) {
            end++;
        }
        String token = text.substring(position, end);
        if (!form.matcher(token).matches()) {
            throw expected(what);
        }
        position = end;
        return token;
    }

    private boolean isExponentSign(int at) {
        char c = text.charAt(at);
        return at > position && (c == '-' || c == '+') && (text.charAt(at - 1) == 'e' || text.charAt(at - 1) == 'E');
    }

    private char escape() {
        Location at = here(position - 1);
        char c = position < text.length() ? text.charAt(position++) : '\n';
        return switch (c) {
            case '"', '\\' -> c;
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                int code = 0;
                for (int i = 0; i < 4; i++) {
                    int digit = position < text.length() ? Character.digit(text.charAt(position), 16) : -1;
                    if (digit < 0) {
                        throw error(at, "found an incomplete escape, expected \\u and four hexadecimal digits");
                    }
                    code = code * 16 + digit;
                    position++;
                }
                yield (char) code;
            }
            default -> throw error(at, "found an unknown escape, expected one of \\\" \\\\ \\n \\r \\t \\u0000");
        };
    }

    private Location here(int at) {
        return new Location(source.name(), line, at - lineStart + 1);
    }

    private void skip() {
        while (position < text.length()) {
            char c = text.charAt(position);
            if (c == '\n') {
                line++;
                lineStart = ++position;
            } else if (c == ' ' || c == '\t' || c == '\r') {
                position++;
            } else if (c == '/' && text.startsWith("//", position)) {
                int end = text.indexOf('\n', position);
                position = end < 0 ? text.length() : end;
            } else {
                return;
            }
        }
    }

    /** The next token as a message shows it. */
    private String quoted() {
        return atEnd() ? "the end of the text" : "'" + found() + "'";
    }

    /** The next token, of which there is one, shortened. */
    String found() {
        skip();
        char c = text.charAt(position);
        int end = position + 1;
        if (c == '"') {
            while (end < text.length() && text.charAt(end) != '\n' && text.charAt(end - 1) != '\n' && end - position <= MAX_FOUND) {
                if (text.charAt(end++) == '"') {
                    break;
                }
            }
        } else if (c == '%' || c == '-' || isIdentifierPart(c)) {
            while (end < text.length() && isIdentifierPart(text.charAt(end)) && end - position <= MAX_FOUND) {
                end++;
            }
        } else if (Character.isHighSurrogate(c) && end < text.length()) {
            end++;
        }
        return clip(text.substring(position, end));
    }

    private int identifierEnd() {
        int end = position;
        while (end < text.length() && isIdentifierPart(text.charAt(end))) {
            end++;
        }
        return end;
    }

    static String clip(String token) {
        String shown = token.length() > MAX_FOUND ? token.substring(0, MAX_FOUND) + "…" : token;
        return shown.chars().anyMatch(c -> Character.isISOControl(c) || Character.isSurrogate((char) c))
                ? Strings.escape(shown) : shown;
    }

    private static String oneLine(String message) {
        return message.replace('\n', ' ').replace('\r', ' ');
    }

    static boolean isIdentifier(String word) {
        return !word.isEmpty() && startsIdentifier(word.charAt(0)) && word.chars().allMatch(c -> isIdentifierPart((char) c));
    }

    private static boolean startsIdentifier(char c) {
        return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_';
    }

    private static boolean isIdentifierPart(char c) {
        return startsIdentifier(c) || isDigit(c) || c == '.' || c == '-';
    }

    private static boolean isDigit(char c) {
        return '0' <= c && c <= '9';
    }
}
