// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.nio.file.Path;
import java.util.Optional;

/** This program in command lines that the user is told to type. */
public final class Program {
    /** Its name, in usage lines and examples. */
    public static final String NAME = "depthc";

    /** The system property in which the launcher hands over how it was called. */
    private static final String CALLED = "depthc.command";
    /** The one for the folder of its sources. */
    private static final String HOME = "depthc.home";

    private Program() {
    }

    /** What to type from where the user stands, such as {@code ./depthc} or {@code /opt/depthc/depthc}, quoted where a shell needs it. */
    public static String command() {
        return Shell.quote(System.getProperty(CALLED, NAME));
    }

    /** The folder of this program's sources; empty where it was not started by the launcher in it. */
    public static Optional<Path> home() {
        return Optional.ofNullable(System.getProperty(HOME)).map(Path::of);
    }
}
