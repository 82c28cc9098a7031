// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import io.github.depthc.ir.Location;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A text to be parsed, and what it is called in messages.
 *
 * @param name the file's name, or a description such as {@code --pipeline}
 * @param text at most {@link #MAX_CHARS} characters; more is a {@link TextException}
 */
public record SourceText(String name, String text) {
    /** The longest text that is read. */
    public static final int MAX_CHARS = 16 << 20;

    private static final int MAX_BYTES = 4 * MAX_CHARS;
    private static final int MAX_EXCERPT = 160;

    public SourceText {
        if (text.length() > MAX_CHARS) {
            throw tooLong(name, text.length() + " characters", MAX_CHARS + " are read");
        }
    }

    /** The text of a UTF-8 file. Bytes that are not UTF-8 are a {@link TextException} that says where. */
    public static SourceText read(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw tooLong(file.toString(), "more than " + MAX_BYTES + " bytes", MAX_BYTES + " are read");
            }
            return of(file.toString(), bytes);
        }
    }

    /** The text of these UTF-8 bytes. */
    public static SourceText of(String name, byte[] utf8) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(utf8);
        CharBuffer out = CharBuffer.allocate(utf8.length);
        boolean malformed = decoder.decode(in, out, true).isError();
        String decoded = out.flip().toString();
        if (malformed) {
            int line = 1 + (int) decoded.chars().filter(c -> c == '\n').count();
            int column = decoded.length() - decoded.lastIndexOf('\n');
            throw new TextException(new Location(name, line, column),
                    String.format("found the byte 0x%02x, expected UTF-8", utf8[in.position()]), "");
        }
        // some editors put a byte order mark first, which means nothing in UTF-8
        return new SourceText(name, decoded.startsWith("\ufeff") ? decoded.substring(1) : decoded);
    }

    /** The line of a location, shortened, and a caret below its column. */
    String excerpt(Location at) {
        int start = 0;
        for (int n = 1; n < at.line(); n++) {
            start = text.indexOf('\n', start) + 1;
        }
        int end = text.indexOf('\n', start);
        int caret = start + at.column() - 1;
        int from = Math.max(start, caret - MAX_EXCERPT / 2);
        int to = Math.min(end < 0 ? text.length() : end, from + MAX_EXCERPT);
        String shown = text.substring(from, to).chars().map(c -> Character.isISOControl(c) ? ' ' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
        return shown + "\n" + " ".repeat(caret - from) + "^";
    }

    private static TextException tooLong(String name, String has, String most) {
        return new TextException(Location.of(name), "the text has " + has + ", expected fewer: at most " + most
                + "; let large weights stand in a checkpoint, @checkpoint:\"name\", instead of by value", "");
    }
}
