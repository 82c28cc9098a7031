// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli;

import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Terminals;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs command lines in this process. */
public final class CommandLineHarness {
    private CommandLineHarness() {
    }

    /**
     * What a command line left.
     *
     * @param code exit code
     * @param out  standard output
     * @param err  standard error
     */
    public record Outcome(int code, String out, String err) {
    }

    /** Runs one. */
    public static Outcome run(Object... args) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var words = new String[args.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = args[i].toString();
        }
        int code = Main.run(new Console(out, err, true, Terminals.NONE), words);
        return new Outcome(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** One in a process of its own, as the launcher would start it. */
    public static ProcessBuilder process(Object... args) {
        var words = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED", "-Xss4m", "-cp",
                System.getProperty("java.class.path"), Main.class.getName()));
        for (Object a : args) {
            words.add(a.toString());
        }
        return new ProcessBuilder(words);
    }

    /** A file of the repository. */
    public static Path repository(String path) {
        return Path.of(System.getProperty("depthc.root")).resolve(path).normalize();
    }
}
