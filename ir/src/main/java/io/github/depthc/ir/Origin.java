// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.CodeSource;

/** Where a class comes from, for messages about plug-ins. */
public final class Origin {
    private Origin() {
    }

    /** A class's name and the jar or folder that has it. */
    public static String of(Class<?> type) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        if (source == null || source.getLocation() == null) {
            return type.getName();
        }
        try {
            return type.getName() + " (" + Path.of(source.getLocation().toURI()) + ")";
        } catch (URISyntaxException | IllegalArgumentException | java.nio.file.FileSystemNotFoundException e) {
            return type.getName() + " (" + source.getLocation() + ")";
        }
    }
}
