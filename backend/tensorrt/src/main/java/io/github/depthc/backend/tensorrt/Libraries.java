// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Finds shared libraries: by the system's own search (which {@code LD_LIBRARY_PATH} belongs to), in folders, or on the class path, where a
 * redist jar may hold them. One that is found in a folder is loaded by its path, so that the JNI glue, which asks for its name alone, gets it.
 */
final class Libraries {
    private static final List<Path> OWN = List.of(Path.of("/usr/local/cuda/lib64"), Path.of("/usr/local/tensorrt/lib"));

    private final boolean system;
    private final List<Path> folders;
    private final Predicate<String> onClassPath;

    /** @param onClassPath whether a resource, {@code org/bytedeco/cuda/linux-x86_64/libcudart.so.13}, is on the class path */
    Libraries(boolean system, List<Path> folders, Predicate<String> onClassPath) {
        this.system = system;
        this.folders = List.copyOf(folders);
        this.onClassPath = onClassPath;
    }

    /** Where this machine has them. */
    static Libraries ofSystem() {
        var folders = new ArrayList<Path>();
        Arrays.stream(System.getProperty("java.library.path", "").split(File.pathSeparator)).filter(p -> !p.isBlank()).map(Path::of).forEach(folders::add);
        folders.addAll(OWN);
        return new Libraries(true, folders.stream().distinct().toList(), name -> Libraries.class.getClassLoader().getResource(name) != null);
    }

    /** Loads a library for as long as the process lives; empty where there is none, or the system cannot load it. */
    @SuppressWarnings("restricted")
    Optional<SymbolLookup> load(String name) {
        if (system) {
            try {
                return Optional.of(SymbolLookup.libraryLookup(name, Arena.global()));
            } catch (IllegalArgumentException e) {
                // the system does not find it; the folders may have it
            }
        }
        for (Path folder : folders) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) {
                try {
                    return Optional.of(SymbolLookup.libraryLookup(file.toAbsolutePath(), Arena.global()));
                } catch (IllegalArgumentException e) {
                    // of another machine, or what it needs is missing; another folder may have a better one
                }
            }
        }
        return Optional.empty();
    }

    /** The first file of this name in the folders, whatever is in it. */
    Optional<Path> find(String name) {
        return folders.stream().map(f -> f.resolve(name)).filter(Files::isRegularFile).findFirst();
    }

    /** True if the library is loaded now, or will be unpacked from the class path when its glue is. */
    boolean has(String name, String resourceFolder) {
        return onClassPath.test(resourceFolder + "/" + name) || load(name).isPresent();
    }

    /** Where was looked, for a message. What Java looks through by itself are LD_LIBRARY_PATH and the system's folders. */
    String where() {
        return (system ? "LD_LIBRARY_PATH, the system's folders, " : "") + String.join(", ", (system ? OWN : folders).stream().map(Path::toString).toList());
    }
}
