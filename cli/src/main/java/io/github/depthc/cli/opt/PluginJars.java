// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import io.github.depthc.cli.console.Console;
import io.github.depthc.ir.InputException;
import io.github.depthc.passes.api.PassRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** The option that names jars with passes and op kinds of others. */
public final class PluginJars {
    @Option(names = "--plugin", paramLabel = "JAR", description = "A jar with more passes and op kinds; may be given several times. One that cannot be loaded is named, and the rest goes on.")
    private List<Path> jars = List.of();

    /** The built-in passes and those of the jars; one that cannot be loaded is told and left out. */
    public PassRegistry load(Console console) {
        for (Path jar : jars) {
            if (!Files.isRegularFile(jar)) {
                throw new InputException("--plugin " + jar + ": " + (Files.exists(jar) ? "is not a file" : "no such file") + ", expected a jar with passes");
            }
        }
        PassRegistry registry = PassRegistry.load(jars);
        registry.problems().forEach(p -> console.note("depthc: " + p));
        return registry;
    }
}
