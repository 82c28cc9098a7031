// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where NVRTC is looked for, and what of it is taken: files that are ELF by their header and length are enough for that. */
class NvrtcLibraryTest {
    private static final String BUILTINS = "libnvrtc-builtins.so.13.3";
    private static final byte[] LIBRARY = library(3);
    private static final byte[] OF_BUILTINS = library(1);

    @TempDir
    private Path temp;
    private Path cache;
    private Path jar;

    /** A header and so many sections behind it. */
    private static byte[] library(int sections) {
        ByteBuffer bytes = ByteBuffer.allocate(64 + 64 * sections).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(0, new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).putLong(40, 64).putShort(58, (short) 64).putShort(60, (short) sections);
        return bytes.array();
    }

    @BeforeEach
    void pack() throws IOException {
        cache = temp.resolve("cache");
        jar = temp.resolve("redist.jar");
        try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
            for (Map.Entry<String, byte[]> file : Map.of("org/bytedeco/cuda/linux-x86_64/libnvrtc.so.13", LIBRARY, "org/bytedeco/cuda/linux-x86_64/" + BUILTINS, OF_BUILTINS,
                    "META-INF/maven/org.bytedeco/cuda-redist/pom.properties", "version=13.3-9.25-1.5.14".getBytes(StandardCharsets.UTF_8)).entrySet()) {
                out.putNextEntry(new JarEntry(file.getKey()));
                out.write(file.getValue());
                out.closeEntry();
            }
        }
    }

    private Path find(List<Path> folders) throws IOException {
        try (var loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
            return NvrtcLibrary.find(folders, cache, loader);
        }
    }

    private static InputException missing(List<Path> folders, Path cache) throws IOException {
        try (var empty = new URLClassLoader(new URL[0], null)) {
            return assertThrows(InputException.class, () -> NvrtcLibrary.find(folders, cache, empty));
        }
    }

    private Path folder(String name, byte[] library) throws IOException {
        Path folder = Files.createDirectories(temp.resolve(name));
        Files.write(folder.resolve(NvrtcLibrary.FILE), library);
        return folder;
    }

    private void requireUnpacked(Path folder) throws IOException {
        assertEquals(cache.resolve("nvrtc-13.3-9.25-1.5.14"), folder);
        assertArrayEquals(LIBRARY, Files.readAllBytes(folder.resolve(NvrtcLibrary.FILE)));
        assertArrayEquals(OF_BUILTINS, Files.readAllBytes(folder.resolve(BUILTINS)));
        assertEquals(Set.of("nvrtc-13.3-9.25-1.5.14"), names(cache));
        assertEquals(Set.of(NvrtcLibrary.FILE, BUILTINS), names(folder));
    }

    private static Set<String> names(Path folder) throws IOException {
        var names = new TreeSet<String>();
        try (var files = Files.list(folder)) {
            files.forEach(f -> names.add(f.getFileName().toString()));
        }
        return names;
    }

    private static Object key(Path folder) throws IOException {
        return Files.readAttributes(folder.resolve(NvrtcLibrary.FILE), BasicFileAttributes.class).fileKey();
    }

    @Test
    void unpacksOnce() throws IOException {
        Path folder = find(List.of());
        requireUnpacked(folder);
        Object first = key(folder);
        requireUnpacked(find(List.of()));
        assertEquals(first, key(folder));
    }

    /** A part of it, once loaded, would end the process. */
    @ParameterizedTest
    @ValueSource(strings = {NvrtcLibrary.FILE, BUILTINS})
    void whatIsNotWholeInTheCacheIsUnpackedAgain(String name) throws IOException {
        Path file = find(List.of()).resolve(name);
        byte[] whole = Files.readAllBytes(file);
        for (byte[] broken : new byte[][] {Arrays.copyOf(whole, whole.length - 1), new byte[0], new byte[whole.length], Arrays.copyOf(whole, whole.length + 1)}) {
            Files.write(file, broken);
            requireUnpacked(find(List.of()));
        }
    }

    @Test
    void anEmptiedFolderIsFilledAgain() throws IOException {
        Path folder = find(List.of());
        Files.delete(folder.resolve(NvrtcLibrary.FILE));
        Files.delete(folder.resolve(BUILTINS));
        requireUnpacked(find(List.of()));
    }

    @Test
    void whatIsNoLibraryIsPassedOver() throws IOException {
        Path text = folder("text", "no library, and longer than a header of 64 bytes, so that its magic decides".getBytes(StandardCharsets.UTF_8));
        Path part = folder("part", Arrays.copyOf(LIBRARY, LIBRARY.length - 1));
        Path good = folder("good", LIBRARY);
        assertEquals(good, find(List.of(temp.resolve("none"), text, part, good)));
        requireUnpacked(find(List.of(text, part)));
        String message = missing(List.of(text, part), cache).getMessage();
        assertTrue(message.startsWith("NVRTC (libnvrtc.so.13) was not found on LD_LIBRARY_PATH, in /usr/local/cuda*/lib64 or on the class path, but for what is of no use ("
                + text.resolve(NvrtcLibrary.FILE) + " is no shared library of Linux (ELF, 64 bits); " + part.resolve(NvrtcLibrary.FILE)
                + " has 255 bytes, expected 256: it is a part of a library); install "), message);
    }

    @Test
    void partsOfBuiltInsAreOfNoUseEither() throws IOException {
        Path folder = folder("toolkit", LIBRARY);
        Files.write(folder.resolve(BUILTINS), Arrays.copyOf(OF_BUILTINS, 100));
        requireUnpacked(find(List.of(folder)));
        String message = assertThrows(InputException.class, () -> NvrtcLibrary.find(folder, cache, null)).getMessage();
        assertEquals(folder.resolve(BUILTINS) + " has 100 bytes, expected 128: it is a part of a library; give the library folder of a CUDA 13 toolkit (cuda_nvrtc)", message);
    }

    @Test
    void withoutAnyTheMessageSaysWhatToInstall() throws IOException {
        String message = missing(List.of(), cache).getMessage();
        assertTrue(message.startsWith("NVRTC (libnvrtc.so.13) was not found") && message.contains("class path; install ") && message.contains("cuda-nvrtc-13-3"), message);
    }
}
