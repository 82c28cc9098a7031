// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/**
 * Unpacks the library's native parts from its jar and loads them. The library can do so itself, but leaves the folder behind in every
 * process, and the unpacked files too where the process is killed; here they are gone as soon as they are loaded, where the system allows it.
 */
final class OrtLibraries {
    private static final String FOLDER = "onnxruntime.native.path";

    private OrtLibraries() {
    }

    /**
     * Loads them; once a process is enough.
     *
     * @throws UncheckedIOException when they cannot be unpacked or loaded
     */
    static void load() {
        Telemetry.switchOff();
        String resources = "/ai/onnxruntime/native/" + platform() + "/";
        List<String> names = List.of(System.mapLibraryName("onnxruntime"), System.mapLibraryName("onnxruntime4j_jni"));
        if (System.getProperty(FOLDER) != null || names.stream().anyMatch(name -> OrtEnvironment.class.getResource(resources + name) == null)) {
            start(); // from where the user says, or with the library's own words on what it lacks
            return;
        }
        try (var unpacked = Unpacked.fresh()) {
            for (String name : names) {
                unpacked.add(name, resources + name);
            }
            System.setProperty(FOLDER, unpacked.folder().toString());
            start();
            removeEmptyFolder();
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot unpack ONNX Runtime's libraries (30 MB) into the folder for temporary files, "
                    + System.getProperty("java.io.tmpdir") + ": " + reason(e) + "; TMPDIR, or -Djava.io.tmpdir, names another folder", e));
        } finally {
            System.clearProperty(FOLDER);
        }
    }

    private static void start() {
        try {
            OrtEnvironment.getAvailableProviders();
        } catch (LinkageError e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new UncheckedIOException(new IOException("ONNX Runtime's libraries cannot be loaded: " + String.valueOf(cause.getMessage()).replaceFirst("^(.+?): \\1: ", "$1: ")
                    + "; they need Linux on x86-64 or ARM, macOS on ARM or Windows on x86-64, and a folder for temporary files (TMPDIR) from which programs may run", e));
        }
    }

    /** The library makes a folder for itself even where it has nothing to unpack, and removes it only when a process ends undisturbed. */
    private static void removeEmptyFolder() {
        try {
            Field folder = Class.forName("ai.onnxruntime.OnnxRuntime").getDeclaredField("tempDirectory");
            folder.setAccessible(true);
            if (folder.get(null) instanceof Path path) {
                Files.deleteIfExists(path);
            }
        } catch (ReflectiveOperationException | RuntimeException | IOException e) {
            // Another version of the library: its folder stays until the process ends.
        }
    }

    private static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException n -> "it does not exist, or nothing can be made in it";
            case FileSystemException f when f.getReason() != null -> f.getReason();
            default -> String.valueOf(e.getMessage());
        };
    }

    /** As the library's jar names it. */
    private static String platform() {
        String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        String processor = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        return (system.contains("mac") ? "osx" : system.contains("win") ? "win" : "linux") + "-" + (processor.equals("aarch64") ? "aarch64" : "x64");
    }

    /** The folder with what was unpacked, removed when closed, or, where loaded files cannot be, when the process ends. */
    private record Unpacked(Path folder) implements AutoCloseable {
        private static final String PREFIX = "depthc-onnxruntime-";
        private static final Duration OLD = Duration.ofMinutes(10);

        /** A new one; those that killed processes left are removed. */
        static Unpacked fresh() throws IOException {
            Path folder = Files.createTempDirectory(PREFIX);
            folder.toFile().deleteOnExit(); // what is noted first goes last
            try (var left = Files.newDirectoryStream(folder.getParent(), PREFIX + "*")) {
                for (Path old : left) {
                    removeIfOld(old);
                }
            }
            return new Unpacked(folder);
        }

        private static void removeIfOld(Path folder) {
            try {
                if (Files.getLastModifiedTime(folder, LinkOption.NOFOLLOW_LINKS).toInstant().isBefore(Instant.now().minus(OLD))) {
                    remove(folder);
                }
            } catch (IOException e) {
                // Somebody else's, or just removed by somebody else.
            }
        }

        private static void remove(Path folder) throws IOException {
            try (var files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }

        void add(String name, String resource) throws IOException {
            Path file = folder.resolve(name);
            file.toFile().deleteOnExit();
            try (InputStream in = OrtEnvironment.class.getResourceAsStream(resource)) {
                Files.copy(in, file);
            }
        }

        @Override
        public void close() throws IOException {
            try {
                remove(folder);
            } catch (FileSystemException e) {
                // In use, as Windows sees it: left for the end of the process.
            }
        }
    }
}
