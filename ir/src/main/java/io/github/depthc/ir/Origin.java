// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.CodeSource;

/** Where a class comes from, for messages about plug-ins. */
public final class Origin {
    private Origin() {
    }

    /** What somebody else's code threw, in a line; that code may fail at saying it, too. */
    public static String words(Throwable e) {
        try {
            return OneLine.of(e.toString());
        } catch (RuntimeException | Error failed) {
            return e.getClass().getName();
        }
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
