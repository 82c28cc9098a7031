// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import java.io.IOException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;

/** The files that jars name in the {@code Class-Path} of their manifests, as a {@link java.net.URLClassLoader} takes them. */
final class JarClassPath {
    private JarClassPath() {
    }

    /** The files on a jar's class path and on the class paths of these; what is not there, or no file, is left out. */
    static Set<Path> of(Path jar) {
        var found = new LinkedHashSet<Path>();
        add(jar, found);
        return found;
    }

    private static void add(Path jar, Set<Path> found) {
        for (String entry : entries(jar)) {
            try {
                Path named = Path.of(jar.toUri().resolve(entry));
                if (found.add(named.toRealPath())) {
                    add(named, found);
                }
            } catch (IOException | IllegalArgumentException | FileSystemNotFoundException e) {
                // not there, no file, or no name of one
            }
        }
    }

    private static String[] entries(Path jar) {
        try (var file = new JarFile(jar.toFile())) {
            Manifest manifest = file.getManifest();
            String entries = manifest == null ? null : manifest.getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
            return entries == null ? new String[0] : entries.strip().split("\\s+");
        } catch (IOException e) {
            return new String[0]; // a folder
        }
    }
}
