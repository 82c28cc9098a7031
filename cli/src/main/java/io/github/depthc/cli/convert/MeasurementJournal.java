// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.ir.Counted;
import io.github.depthc.ir.InputException;
import io.github.depthc.passes.api.Memo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What was measured for a bundle that is not written yet, in a file beside it, so that the same command goes on after an interrupt. A line
 * of JSON says of what subject the lines below it are; each of those has a number. Lines are only ever added, at once when a number is
 * known; numbers of another subject stay and are not used. A line that is cut short, as by a power failure, and what follows it
 * is taken away. The file is opened, and locked, when it is first asked for a number.
 */
public final class MeasurementJournal implements Memo, AutoCloseable {
    private static final String SUBJECT = "depthc_measurements_of";
    private static final String KEY = "key";
    private static final String VALUE = "value";
    /** Bytes of a subject's line, of which a digest takes few. */
    private static final int LONGEST_SUBJECT = 1 << 12;

    private final Path file;
    private final Supplier<String> subject;
    private final Consumer<String> notes;
    private final ObjectMapper mapper = new ObjectMapper();
    private final Map<String, Double> known = new HashMap<>();
    /** How many they are. */
    private volatile int numbers;
    private FileChannel channel;
    /** Measurements that the file had. */
    private Set<String> found = Set.of();
    private boolean others;
    /** Whether it is a journal, and this process's to write. */
    private boolean own;
    private boolean asked;
    private boolean told;

    /**
     * A journal.
     *
     * @param file    its file, which need not exist
     * @param subject what is measured, in a word
     * @param notes   told, in a line, what of the file is used
     */
    public MeasurementJournal(Path file, Supplier<String> subject, Consumer<String> notes) {
        this.file = file;
        this.subject = subject;
        this.notes = notes;
    }

    /** Where the journal of a bundle is. */
    public static Path beside(Path bundle) {
        Path target = bundle.toAbsolutePath().normalize();
        return target.resolveSibling("." + target.getFileName() + ".allocate.jsonl");
    }

    @Override
    public OptionalDouble get(String key) {
        open();
        asked = true;
        tell(key);
        Double value = known.get(key);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    @Override
    public void put(String key, double value) {
        open();
        known.put(key, value);
        append(JsonOutput.object().put(KEY, key).put(VALUE, value));
        numbers = known.size();
    }

    /** What is kept and how to go on, in a line; empty if nothing has been measured. May be asked for by another thread. */
    public Optional<String> kept() {
        int count = numbers;
        return count == 0 ? Optional.empty() : Optional.of(Counted.of(count, "measurement") + (count == 1 ? " is" : " are") + " kept in " + file
                + ": the same command goes on from there; remove the file to measure anew");
    }

    /** Takes the file away: the bundle is written. One that an earlier command left is taken away, too, unless another process measures. */
    public void delete() throws IOException {
        if (channel != null) {
            Files.deleteIfExists(file);
        } else if (left()) {
            Files.deleteIfExists(file);
            notes.accept(file + ": removed; its measurements were for another conversion to this place");
        }
    }

    /** Closes the file, and takes it away where nothing was measured. */
    @Override
    public void close() throws IOException {
        if (channel != null) {
            if (asked) {
                tellUnused();
            }
            if (own && numbers == 0 && !others) {
                Files.deleteIfExists(file);
            }
            channel.close();
        }
    }

    /** Whether there is a journal that nobody uses. */
    private boolean left() throws IOException {
        if (!Files.isRegularFile(file) || !Files.isReadable(file) || !Files.isWritable(file)) {
            return false;
        }
        try (FileChannel opened = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer beginning = ByteBuffer.allocate(LONGEST_SUBJECT);
            int length = opened.read(beginning);
            String[] lines = new String(beginning.array(), 0, Math.max(0, length), StandardCharsets.UTF_8).split("\n", 2);
            return lines.length == 2 && line(lines[0]).path(SUBJECT).isTextual() && locks(opened);
        }
    }

    private void tell(String key) {
        if (!told && found.contains(key)) {
            told = true;
            notes.accept("Goes on with " + found.size() + (found.size() == 1 ? " measurement" : " measurements") + " from " + file);
        } else if (found.isEmpty()) {
            tellUnused();
        }
    }

    private void tellUnused() {
        if (!told && (others || !found.isEmpty())) {
            told = true;
            notes.accept(file + ": has measurements of another model, text or options, which are not used");
        }
    }

    private void open() {
        if (channel != null) {
            return;
        }
        try {
            Files.createDirectories(file.getParent());
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                throw new InputException(file + ": is not a file, but measurements are to be kept there; remove it");
            }
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            lock();
            String last = read();
            found = Set.copyOf(known.keySet());
            numbers = known.size();
            if (!last.equals(subject.get())) {
                append(JsonOutput.object().put(SUBJECT, subject.get()));
            }
            own = true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean locks(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private void lock() throws IOException {
        if (!locks(channel)) {
            throw new InputException(file + ": is in use, another depthc measures for this bundle; wait for it, or give another output path");
        }
    }

    /** Reads the file, cuts it off behind its last whole line, and gives the subject of that; empty if there is none. */
    private String read() throws IOException {
        byte[] bytes = bytes();
        String current = "";
        int begin = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] != '\n') {
                continue;
            }
            JsonNode line = line(new String(bytes, begin, i - begin, StandardCharsets.UTF_8));
            if (line.path(SUBJECT).isTextual()) {
                current = line.path(SUBJECT).textValue();
            } else if (current.isEmpty() || !line.path(KEY).isTextual() || !line.path(VALUE).isNumber()) {
                break;
            } else if (current.equals(subject.get())) {
                known.put(line.path(KEY).textValue(), line.path(VALUE).doubleValue());
            } else {
                others = true;
            }
            begin = i + 1;
        }
        if (begin == 0 && bytes.length > 0) {
            throw new InputException(file + ": is no journal of measurements, which is to be kept there; remove it or give another output path");
        }
        channel.truncate(begin);
        channel.position(begin);
        return current;
    }

    /** Through the channel that holds the lock: closing another one of the file would give it up, for the whole process. */
    private byte[] bytes() throws IOException {
        var bytes = ByteBuffer.allocate(Math.toIntExact(channel.size()));
        while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) >= 0) {
            // until all is read
        }
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    private JsonNode line(String text) {
        try {
            return mapper.readTree(text);
        } catch (JsonProcessingException e) {
            return mapper.missingNode();
        }
    }

    private void append(ObjectNode line) {
        ByteBuffer bytes = ByteBuffer.wrap((line.toString() + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException(file + ": cannot be written: " + e.getMessage() + "; make room, then give the same command again", e));
        }
    }
}
