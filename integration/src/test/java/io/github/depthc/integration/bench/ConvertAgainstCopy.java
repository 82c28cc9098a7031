// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Times {@code depthc convert --weights source} against {@link Files#copy} of the same files, in turns, and reads the peak
 * heap from the JVM's own log. Arguments: launcher, checkpoint, folder to work in, rounds, heap limit of the conversion
 * such as {@code 512m}.
 *
 * <p>Before every turn what the turn before wrote is deleted and the disk is idle (sync), so that each finds the page cache
 * in the same state: as much of the checkpoint as memory holds.
 */
public final class ConvertAgainstCopy {
    // "GC(7) Pause Young … 123M->45M(256M) 1.234ms"; with -Xlog:gc every collection is one line.
    private static final Pattern COLLECTION = Pattern.compile("(\\d+)M->(\\d+)M\\((\\d+)M\\)");
    // "garbage-first heap   total reserved 524288K, committed 40960K, used 21504K", at exit
    private static final Pattern AT_EXIT = Pattern.compile("heap\\s+total.*used (\\d+)K");

    private ConvertAgainstCopy() {
    }

    /** Runs the benchmark. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path launcher = Path.of(args[0]);
        Path checkpoint = Path.of(args[1]);
        Path work = Path.of(args[2]);
        int rounds = Integer.parseInt(args[3]);
        String limit = args[4];
        long bytes;
        try (Stream<Path> files = Files.list(checkpoint)) {
            bytes = files.mapToLong(f -> f.toFile().length()).sum();
        }
        Results.header("Converting against copying: %.2f GB, %d rounds in turns".formatted(bytes / 1e9, rounds));
        var copies = new ArrayList<Double>();
        var conversions = new ArrayList<Double>();
        var peaks = new ArrayList<Double>();
        var table = new Results().row("round", "Files.copy s", "depthc convert s", "ratio", "peak heap MB", "load average");
        for (int round = 0; round < rounds; round++) {
            boolean copyFirst = round % 2 == 0;
            for (int turn = 0; turn < 2; turn++) {
                Path target = work.resolve("turn");
                delete(target);
                settle();
                if ((turn == 0) == copyFirst) {
                    copies.add(copy(checkpoint, target));
                } else {
                    Path log = work.resolve("gc.log");
                    conversions.add(convert(launcher, checkpoint, target, limit, log));
                    peaks.add(peak(log));
                }
                delete(target);
            }
            table.row(round + 1, copies.getLast(), conversions.getLast(), conversions.getLast() / copies.getLast(), peaks.getLast(), Results.load());
        }
        table.print();
        new Results().row("", "median (quartiles)")
                .row("Files.copy, GB/s", Measured.of(copies.stream().map(s -> bytes / s / 1e9).toList()).text(1, 2))
                .row("depthc convert, GB/s", Measured.of(conversions.stream().map(s -> bytes / s / 1e9).toList()).text(1, 2))
                .row("time, convert / copy", Measured.ratio(conversions, copies).text(1, 3))
                .row("peak heap of " + limit + ", MB", String.format(Locale.ROOT, "%.0f (largest)", peaks.stream().mapToDouble(p -> p).max().orElseThrow()))
                .print();
    }

    private static double copy(Path from, Path to) throws IOException {
        List<Path> all;
        try (Stream<Path> files = Files.list(from)) {
            all = files.sorted().toList();
        }
        long start = System.nanoTime();
        Files.createDirectory(to);
        for (Path file : all) {
            Files.copy(file, to.resolve(file.getFileName()));
        }
        return (System.nanoTime() - start) / 1e9;
    }

    /** The whole process, from its start to its end. */
    private static double convert(Path launcher, Path from, Path to, String limit, Path log) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(launcher.toString(), "convert", from.toString(), "-o", to.toString(), "--weights", "source")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.appendTo(to.resolveSibling("errors.log").toFile()));
        builder.environment().put("JDK_JAVA_OPTIONS", "-Xmx" + limit + " -Xlog:gc,gc+heap+exit:file=" + log);
        long start = System.nanoTime();
        int exit = builder.start().waitFor();
        double seconds = (System.nanoTime() - start) / 1e9;
        if (exit != 0) {
            throw new IOException("depthc convert ended with " + exit + ": " + Files.readString(to.resolveSibling("errors.log")));
        }
        return seconds;
    }

    /** The most that any collection found, or that was in use at the end, MB of 1e6 bytes. */
    private static double peak(Path log) throws IOException {
        double most = 0;
        for (String line : Files.readAllLines(log)) {
            Matcher collection = COLLECTION.matcher(line);
            if (collection.find()) {
                most = Math.max(most, Integer.parseInt(collection.group(1)) * (double) (1 << 20));
            }
            Matcher exit = AT_EXIT.matcher(line);
            if (exit.find()) {
                most = Math.max(most, Long.parseLong(exit.group(1)) * 1024.0);
            }
        }
        if (most == 0) {
            throw new IOException(log + " says nothing about the heap");
        }
        return most / 1e6;
    }

    private static void settle() throws IOException, InterruptedException {
        if (Files.isExecutable(Path.of("/bin/sync"))) {
            new ProcessBuilder("/bin/sync").start().waitFor();
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(p);
                }
            }
        }
    }
}
