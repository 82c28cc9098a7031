// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;

/** Where NVRTC is on this machine: a folder with {@code libnvrtc.so.13} and its built-ins beside it. */
final class NvrtcLibrary {
    static final String FILE = "libnvrtc.so.13";
    static final String BUILTINS = "libnvrtc-builtins.so.13";

    private static final String IN_JAR = "org/bytedeco/cuda/linux-x86_64/";
    private static final String JAR_VERSION = "META-INF/maven/org.bytedeco/cuda-redist/pom.properties";
    private static final Path SYSTEM = Path.of("/usr/local");

    private NvrtcLibrary() {
    }

    /**
     * The first folder that has it: the given one alone where there is one; else those of LD_LIBRARY_PATH, the CUDA toolkits in
     * /usr/local, the system's own library folders, and last the JavaCPP jar on the class path, unpacked below {@code cache} once.
     *
     * @throws InputException if there is none
     */
    static Path find(Path given, Path cache, ClassLoader loader) {
        if (given != null) {
            if (!Files.isRegularFile(given.resolve(FILE))) {
                throw new InputException(given + " has no " + FILE + "; give the library folder of a CUDA 13 toolkit (cuda_nvrtc)");
            }
            return given;
        }
        return system().stream().filter(folder -> Files.isRegularFile(folder.resolve(FILE))).findFirst().orElseGet(() -> unpacked(cache, loader));
    }

    /** A folder of this user's for unpacked libraries. */
    static Path userCache() {
        Path home = Path.of(System.getProperty("user.home"));
        return Files.isWritable(home) ? home.resolve(".cache").resolve("depthc")
                : Path.of(System.getProperty("java.io.tmpdir"), "depthc-" + System.getProperty("user.name"));
    }

    private static List<Path> system() {
        var folders = new ArrayList<Path>();
        String path = System.getenv("LD_LIBRARY_PATH");
        if (path != null) {
            Stream.of(path.split(":")).filter(f -> !f.isEmpty()).map(Path::of).forEach(folders::add);
        }
        if (Files.isDirectory(SYSTEM)) {
            try (Stream<Path> toolkits = Files.list(SYSTEM)) {
                toolkits.filter(f -> f.getFileName().toString().startsWith("cuda")).sorted(Comparator.reverseOrder()).map(f -> f.resolve("lib64"))
                        .forEach(folders::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        folders.add(Path.of("/usr/lib/x86_64-linux-gnu"));
        folders.add(Path.of("/usr/lib64"));
        return folders;
    }

    private static Path unpacked(Path cache, ClassLoader loader) {
        URL library = loader.getResource(IN_JAR + FILE);
        if (library == null) {
            throw new InputException("NVRTC (" + FILE + ") was not found on LD_LIBRARY_PATH, in /usr/local/cuda*/lib64 or on the class path; install "
                    + "the CUDA 13 toolkit (package cuda-nvrtc-13-3 is enough), name its folder with --nvrtc, or fetch it for a source tree of depthc with tools/gpu-libraries");
        }
        try {
            Path folder = cache.resolve("nvrtc-" + version(loader));
            if (!Files.isDirectory(folder)) {
                unpack(loader, cache, folder);
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException("NVRTC could not be unpacked below " + cache, e);
        }
    }

    private static String version(ClassLoader loader) throws IOException {
        try (InputStream in = loader.getResourceAsStream(JAR_VERSION)) {
            var properties = new Properties();
            if (in != null) {
                properties.load(in);
            }
            return properties.getProperty("version", "13");
        }
    }

    /** Into a folder of another name first: one that has the right name is whole, even if two programs unpack at the same time. */
    private static void unpack(ClassLoader loader, Path cache, Path folder) throws IOException {
        Files.createDirectories(cache);
        Path part = Files.createTempDirectory(cache, "nvrtc-");
        try {
            copy(loader, FILE, part);
            copy(loader, builtins(loader), part);
            Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
            if (!Files.isDirectory(folder)) {
                throw e;
            }
        } finally {
            delete(part);
        }
    }

    /** The built-ins carry the minor version in their name, which is in the version of the jar: 13.3-9.25-1.5.14. */
    private static String builtins(ClassLoader loader) throws IOException {
        String version = version(loader);
        int dash = version.indexOf('-');
        return "libnvrtc-builtins.so." + (dash < 0 ? version : version.substring(0, dash));
    }

    private static void copy(ClassLoader loader, String file, Path folder) throws IOException {
        try (InputStream in = loader.getResourceAsStream(IN_JAR + file)) {
            if (in == null) {
                throw new IOException("the class path has " + FILE + " but no " + file + " beside it");
            }
            Files.copy(in, folder.resolve(file));
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }
}
