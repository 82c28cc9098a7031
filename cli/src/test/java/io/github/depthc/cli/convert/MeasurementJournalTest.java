// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MeasurementJournalTest {
    private final List<String> notes = new ArrayList<>();

    @TempDir
    private Path folder;
    private Path file;

    @BeforeEach
    void place() {
        file = MeasurementJournal.beside(folder.resolve("new/bundle"));
        assertEquals(folder.resolve("new/.bundle.allocate.jsonl"), file);
    }

    @Test
    void numbersAreThereAgainExactly() throws IOException {
        put("a", "x", 1.0 / 3);
        put("a", "y", Double.MIN_VALUE);
        try (var journal = journal("a")) {
            assertEquals(OptionalDouble.of(1.0 / 3), journal.get("x"));
            assertEquals(OptionalDouble.of(Double.MIN_VALUE), journal.get("y"));
            assertEquals(OptionalDouble.empty(), journal.get("z"));
            assertEquals(List.of("Goes on with 2 measurements from " + file), notes);
            journal.delete();
        }
        assertFalse(Files.exists(file));
    }

    /** A number is in the file before the next is measured. */
    @Test
    void numbersAreWrittenAtOnce() throws IOException {
        try (var journal = journal("a")) {
            journal.put("x", 0.5);
            assertEquals("{\"depthc_measurements_of\":\"a\"}\n{\"key\":\"x\",\"value\":0.5}\n", Files.readString(file));
        }
    }

    @Test
    void aTornLineIsTakenAway() throws IOException {
        put("a", "x", 0.5);
        String whole = Files.readString(file);
        for (String torn : List.of("{\"key\":\"y\",\"val", "{\"key\":\"y\",\"value\":0.25}", "{\"key\":\n", "\0\0\0\n")) {
            Files.writeString(file, whole + torn);
            try (var journal = journal("a")) {
                assertEquals(OptionalDouble.of(0.5), journal.get("x"));
                assertEquals(OptionalDouble.empty(), journal.get("y"));
            }
            assertEquals(whole, Files.readString(file));
        }
    }

    @Test
    void numbersOfSomethingElseAreNotUsedAndNotLost() throws IOException {
        put("a", "x", 0.5);
        try (var journal = journal("b")) {
            assertEquals(OptionalDouble.empty(), journal.get("x"));
            journal.put("x", 0.75);
        }
        assertEquals(List.of(file + ": has measurements of another model, text or options, which are not used"), notes);
        try (var journal = journal("a")) {
            assertEquals(OptionalDouble.of(0.5), journal.get("x"));
            journal.put("y", 1);
        }
        try (var journal = journal("b")) {
            assertEquals(OptionalDouble.of(0.75), journal.get("x"));
            assertEquals(OptionalDouble.empty(), journal.get("y"));
        }
    }

    /** What this run measured itself is nothing to go on with. */
    @Test
    void aFirstRunGoesOnWithNothing() throws IOException {
        try (var journal = journal("a")) {
            journal.put("x", 0.5);
            assertEquals(OptionalDouble.of(0.5), journal.get("x"));
        }
        assertEquals(List.of(), notes);
    }

    @Test
    void aFileOfTheUsersIsNotTouched() throws IOException {
        Files.createDirectories(file.getParent());
        for (String text : List.of("my notes\n", "my notes", "{}\n", "{\"key\":\"x\",\"value\":1}\n")) {
            Files.writeString(file, text);
            try (var journal = journal("a")) {
                var e = assertThrows(InputException.class, () -> journal.get("x"));
                assertTrue(e.getMessage().startsWith(file + ": is no journal of measurements"), e.getMessage());
            }
            assertEquals(text, Files.readString(file));
        }
        Files.delete(file);
        Files.createDirectory(file);
        try (var journal = journal("a")) {
            assertThrows(InputException.class, () -> journal.put("x", 1));
        }
    }

    @Test
    void oneProcessWritesAtATime() throws IOException {
        try (var journal = journal("a"); var second = journal("a")) {
            journal.put("x", 1);
            var e = assertThrows(InputException.class, () -> second.get("x"));
            assertTrue(e.getMessage().contains("is in use"), e.getMessage());
        }
    }

    /** The other is a Java with this class's {@link #main}. */
    @Test
    void oneProcessOfSeveralWritesAtATime() throws IOException, InterruptedException {
        put("a", "x", 0.5);
        try (var journal = journal("a")) {
            assertEquals(OptionalDouble.of(0.5), journal.get("x"));
            assertTrue(another().contains("is in use, another depthc measures for this bundle"));
        }
        assertEquals("OptionalDouble[0.5]", another());
    }

    private String another() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin/java").toString(), "-cp", System.getProperty("java.class.path"),
                MeasurementJournalTest.class.getName(), file.toString()).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertEquals(0, process.waitFor(), said);
        return said;
    }

    /** Reads a number of a journal. */
    public static void main(String[] args) throws IOException {
        try (var journal = new MeasurementJournal(Path.of(args[0]), () -> "a", note -> { })) {
            System.out.println(journal.get("x"));
        } catch (InputException e) {
            System.out.println(e.getMessage());
        }
    }

    /** As when the budget is another: some of what is asked for is known, and not what is asked for first. */
    @Test
    void whatIsUsedIsToldWhenItIs() throws IOException {
        put("a", "x", 0.5);
        try (var journal = journal("a")) {
            assertEquals(OptionalDouble.empty(), journal.get("y"));
            assertEquals(List.of(), notes);
            assertEquals(OptionalDouble.of(0.5), journal.get("x"));
            assertEquals(List.of("Goes on with 1 measurement from " + file), notes);
        }
    }

    @Test
    void whatIsKeptIsTold() throws IOException {
        try (var journal = journal("a")) {
            assertEquals(Optional.empty(), journal.kept());
            journal.get("x");
            assertEquals(Optional.empty(), journal.kept());
            journal.put("x", 0.5);
            assertEquals(Optional.of("1 measurement is kept in " + file + ": the same command goes on from there; remove the file to measure anew"), journal.kept());
        }
        try (var journal = journal("a")) {
            journal.get("x");
            journal.put("y", 0.5);
            assertTrue(journal.kept().orElseThrow().startsWith("2 measurements are kept in "), journal.kept()::toString);
        }
    }

    @Test
    void aFileOfNothingIsNotLeft() throws IOException {
        try (var journal = journal("a")) {
            journal.get("x");
            assertTrue(Files.exists(file));
        }
        assertFalse(Files.exists(file));
        put("a", "x", 0.5);
        try (var journal = journal("b")) {
            journal.get("x");
        }
        assertTrue(Files.readString(file).contains("\"x\""), "another's numbers stay");
    }

    @Test
    void whatAnEarlierCommandLeftIsTakenAway() throws IOException {
        put("a", "x", 0.5);
        try (var journal = journal("b")) {
            journal.delete();
        }
        assertFalse(Files.exists(file));
        assertEquals(List.of(file + ": removed; its measurements were for another conversion to this place"), notes);
        for (String text : List.of("my notes\n", "my notes", "{}\n", "", "{\"depthc_measurements_of\":\"a\"}")) {
            Files.writeString(file, text);
            try (var journal = journal("b")) {
                journal.delete();
            }
            assertEquals(text, Files.readString(file), "a file of the user's");
        }
        assertEquals(1, notes.size());
    }

    @Test
    void whatAnotherProcessMeasuresStays() throws IOException {
        put("a", "x", 0.5);
        try (var journal = journal("a"); var other = journal("b")) {
            journal.get("x");
            other.delete();
            assertTrue(Files.exists(file));
        }
    }

    @Test
    void nothingIsMadeBeforeItIsUsed() throws IOException {
        try (var journal = journal("a")) {
            journal.delete();
        }
        assertFalse(Files.exists(file.getParent()));
    }

    private void put(String subject, String key, double value) throws IOException {
        try (var journal = journal(subject)) {
            journal.put(key, value);
        }
    }

    private MeasurementJournal journal(String subject) {
        return new MeasurementJournal(file, () -> subject, notes::add);
    }
}
