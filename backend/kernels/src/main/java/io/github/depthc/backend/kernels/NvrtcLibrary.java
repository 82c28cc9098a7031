// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.io.StagingFolder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
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
     * The first folder that has it whole: the given one alone where there is one; else those of LD_LIBRARY_PATH, the CUDA toolkits in
     * /usr/local, the system's own library folders, and last the JavaCPP jar on the class path, unpacked below {@code cache} once.
     *
     * @throws InputException if there is none; it names what was found and is of no use
     */
    static Path find(Path given, Path cache, ClassLoader loader) {
        return given == null ? find(system(), cache, loader) : given(given);
    }

    static Path find(List<Path> folders, Path cache, ClassLoader loader) {
        var flaws = new ArrayList<String>();
        return installed(folders, flaws).orElseGet(() -> unpacked(inJar(loader, flaws), cache, loader));
    }

    /** Where it is, for people; nothing is unpacked. {@link InputException} as of {@link #find}. */
    static String describe(ClassLoader loader) {
        var flaws = new ArrayList<String>();
        return installed(system(), flaws).map(f -> f.resolve(FILE).toString()).orElseGet(() -> {
            inJar(loader, flaws);
            return FILE + ", on the class path (tools/gpu-libraries)";
        });
    }

    private static Path given(Path folder) {
        if (!Files.isRegularFile(folder.resolve(FILE))) {
            throw new InputException(folder + " has no " + FILE + "; give the library folder of a CUDA 13 toolkit (cuda_nvrtc)");
        }
        flaw(folder).ifPresent(f -> {
            throw new InputException(f + "; give the library folder of a CUDA 13 toolkit (cuda_nvrtc)");
        });
        return folder;
    }

    /** @param flaws takes what is wrong with those that come before */
    private static Optional<Path> installed(List<Path> folders, List<String> flaws) {
        for (Path folder : folders) {
            if (Files.isRegularFile(folder.resolve(FILE))) {
                Optional<String> flaw = flaw(folder);
                if (flaw.isEmpty()) {
                    return Optional.of(folder);
                }
                flaws.add(flaw.get());
            }
        }
        return Optional.empty();
    }

    /** What is wrong with the first file of a folder that is not whole: a part of one, once loaded, ends this process. */
    private static Optional<String> flaw(Path folder) {
        return Stream.concat(builtins(folder).stream(), Stream.of(folder.resolve(FILE))).map(ElfFile::flaw).flatMap(Optional::stream).findFirst();
    }

    /** The built-ins in a folder, of whatever minor version. */
    static List<Path> builtins(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.getFileName().toString().startsWith(BUILTINS)).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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

    private static URL inJar(ClassLoader loader, List<String> flaws) {
        URL library = loader.getResource(IN_JAR + FILE);
        if (library == null) {
            throw new InputException("NVRTC (" + FILE + ") was not found on LD_LIBRARY_PATH, in /usr/local/cuda*/lib64 or on the class path"
                    + (flaws.isEmpty() ? "" : ", but for what is of no use (" + String.join("; ", flaws) + ")") + "; install the CUDA 13 toolkit (package cuda-nvrtc-13-3 is "
                    + "enough), name its folder with --nvrtc, or fetch it for a source tree of depthc with tools/gpu-libraries");
        }
        return library;
    }

    private static Path unpacked(URL library, Path cache, ClassLoader loader) {
        try {
            String builtins = builtins(loader);
            URL ofBuiltins = loader.getResource(IN_JAR + builtins);
            if (ofBuiltins == null) {
                throw new IOException("the class path has " + FILE + " but no " + builtins + " beside it");
            }
            Path folder = cache.resolve("nvrtc-" + version(loader));
            unpack(Map.of(FILE, library, builtins, ofBuiltins), cache, folder);
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

    /**
     * Those that the folder does not have as the jar does, into a folder of another name first: each file then takes its place, or that of a part, at once
     * and whole, even if two programs unpack at the same time or one has loaded what was there.
     */
    private static void unpack(Map<String, URL> files, Path cache, Path folder) throws IOException {
        var lacking = new TreeMap<String, URL>();
        for (Map.Entry<String, URL> file : files.entrySet()) {
            if (!isUnpacked(file.getValue(), folder.resolve(file.getKey()))) {
                lacking.put(file.getKey(), file.getValue());
            }
        }
        if (lacking.isEmpty()) {
            return;
        }
        Files.createDirectories(folder);
        Path part = Files.createTempDirectory(cache, "nvrtc-");
        try {
            for (Map.Entry<String, URL> file : lacking.entrySet()) {
                Path copy = part.resolve(file.getKey());
                try (InputStream in = file.getValue().openStream()) {
                    Files.copy(in, copy);
                }
                StagingFolder.sync(copy); // a file that has its name after a loss of power has its bytes too
                Files.move(copy, folder.resolve(file.getKey()), StandardCopyOption.ATOMIC_MOVE);
            }
            StagingFolder.sync(folder);
        } finally {
            delete(part);
        }
    }

    private static boolean isUnpacked(URL entry, Path file) throws IOException {
        return Files.isRegularFile(file) && Files.size(file) == size(entry) && ElfFile.flaw(file).isEmpty();
    }

    private static long size(URL entry) throws IOException {
        URLConnection connection = entry.openConnection();
        connection.setUseCaches(false); // else the jar stays open
        try (InputStream _ = connection.getInputStream()) {
            return connection.getContentLengthLong();
        }
    }

    /** The built-ins carry the minor version in their name, which is in the version of the jar: 13.3-9.25-1.5.14. */
    private static String builtins(ClassLoader loader) throws IOException {
        String version = version(loader);
        int dash = version.indexOf('-');
        return "libnvrtc-builtins.so." + (dash < 0 ? version : version.substring(0, dash));
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
