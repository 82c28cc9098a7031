// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.calibration;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.ir.InputException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * The texts of a calibration file, one after the other, so that a large file is read only as far as samples are wanted.
 * In plain text a blank line ends a text; in a file with lines {@code <|endoftext|>}, as TinyStories has them, those do and
 * blank lines do not. In {@code .jsonl} each line has one.
 */
public final class SampleTexts implements AutoCloseable {
    private static final String BUILT_IN = "public-domain.txt";
    private static final String END_OF_TEXT = "<|endoftext|>";
    /** How far the end-of-text line is looked for, in characters. */
    private static final int LOOK_AHEAD = 1 << 16;
    /** The longest line and the longest text that are taken; what follows in them is left out. */
    private static final int LONGEST = 1 << 22;

    private final String name;
    private final BufferedReader lines;
    private final boolean json;
    private final boolean marked;
    private final ObjectMapper mapper = new ObjectMapper();
    private long line;

    private SampleTexts(String name, BufferedReader lines, boolean json, boolean marked) {
        this.name = name;
        this.lines = lines;
        this.json = json;
        this.marked = marked;
    }

    /** Opens a file, or the built-in text. */
    public static SampleTexts open(Optional<Path> file) throws IOException {
        String name = file.map(Path::toString).orElse(BUILT_IN);
        if (file.isPresent() && !Files.isRegularFile(file.get())) {
            throw new InputException(name + ": " + (Files.exists(file.get()) ? "is not a file" : "no such file")
                    + ", expected text: plain, or .jsonl with a \"text\" in each line");
        }
        InputStream in = file.isPresent() ? Files.newInputStream(file.get()) : SampleTexts.class.getResourceAsStream(BUILT_IN);
        var reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()), LOOK_AHEAD);
        try {
            skipMark(reader, name);
            boolean json = name.toLowerCase(Locale.ROOT).endsWith(".jsonl");
            return new SampleTexts(name, reader, json, !json && begins(reader, name));
        } catch (IOException | RuntimeException e) {
            try (reader) {
                throw e;
            }
        }
    }

    /** Whether the texts are apart, one to a line of JSON: then none goes on in the next. */
    boolean apart() {
        return json;
    }

    /** The next text that is not blank; empty at the end. */
    public Optional<String> next() throws IOException {
        return json ? nextJson() : nextPlain();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }

    private Optional<String> nextPlain() throws IOException {
        var text = new StringBuilder();
        for (String l = read(); l != null; l = read()) {
            boolean ends = marked ? l.strip().equals(END_OF_TEXT) : l.isBlank();
            if (!ends) {
                if (text.length() < LONGEST) {
                    text.append(l).append('\n');
                }
            } else if (!text.toString().isBlank()) {
                break;
            }
        }
        String found = text.toString().strip();
        return found.isEmpty() ? Optional.empty() : Optional.of(found);
    }

    private Optional<String> nextJson() throws IOException {
        for (String l = read(); l != null; l = read()) {
            if (l.isBlank()) {
                continue;
            }
            if (l.length() == LONGEST) {
                throw new InputException(name + ":" + line + ": has more than " + LONGEST + " characters, expected a shorter text in each line; split it");
            }
            JsonNode json;
            try {
                json = mapper.readTree(l);
            } catch (JsonProcessingException e) {
                throw new InputException(name + ":" + line + ": is not JSON, expected an object with a \"text\" in each line", e);
            }
            if (json.has("image")) {
                throw new InputException(name + ":" + line + ": has an \"image\", but the file is read as text alone here; expected one in no line, or, to calibrate a "
                        + "model that takes images, in every line from the first on");
            }
            JsonNode text = json.path("text");
            if (!text.isTextual()) {
                throw new InputException(name + ":" + line + ": has no string \"text\", expected an object with one in each line");
            }
            if (!text.textValue().isBlank()) {
                return Optional.of(text.textValue().strip());
            }
        }
        return Optional.empty();
    }

    /** The next line without what ends it, cut off where it is too long; null at the end. */
    private String read() throws IOException {
        line++;
        var text = new StringBuilder();
        try {
            int c = lines.read();
            if (c < 0) {
                return null;
            }
            for (; c >= 0 && c != '\n' && c != '\r'; c = lines.read()) {
                if (text.length() < LONGEST) {
                    text.append((char) c);
                }
            }
            if (c == '\r') {
                lines.mark(1);
                if (lines.read() != '\n') {
                    lines.reset();
                }
            }
            return text.toString();
        } catch (CharacterCodingException e) {
            throw notText(name, e);
        }
    }

    private static boolean begins(BufferedReader reader, String name) throws IOException {
        var head = new char[LOOK_AHEAD - 1];
        reader.mark(LOOK_AHEAD);
        int length = 0;
        try {
            for (int n = reader.read(head, 0, head.length); n > 0; n = reader.read(head, length, head.length - length)) {
                length += n;
            }
        } catch (CharacterCodingException e) {
            throw notText(name, e);
        }
        reader.reset();
        return new String(head, 0, length).lines().anyMatch(l -> l.strip().equals(END_OF_TEXT));
    }

    private static void skipMark(BufferedReader reader, String name) throws IOException {
        try {
            ByteOrderMark.skipped(reader);
        } catch (CharacterCodingException e) {
            throw notText(name, e);
        }
    }

    private static InputException notText(String name, CharacterCodingException e) {
        return new InputException(name + ": is not UTF-8 text, expected plain text or .jsonl", e);
    }
}
