// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Program;
import io.github.depthc.cli.console.Shell;
import io.github.depthc.cli.newpass.PassProject;
import io.github.depthc.cli.output.OutputFolder;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.io.StagingFolder;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code depthc new-pass}: a project to write a pass in. */
@Command(
        name = "new-pass",
        mixinStandardHelpOptions = true,
        header = "Write a Maven project with a pass of your own.",
        description = "The project is complete: a pass with options, its tests and a plug-in jar for --plugin. Change the pass into yours. "
                + "docs/writing-a-pass.md is the guide.",
        footerHeading = "%nExample:%n",
        footer = {
            "  depthc new-pass skip-commas --package org.example.skipcommas -o skip-commas",
        })
public final class NewPassCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "NAME", description = "Name of the pass in pipelines: lower case words joined by '-'.")
    private String name;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "DIR", description = "Folder to write; must not exist.")
    private Path output;

    @Option(names = "--package", paramLabel = "PACKAGE", description = "Java package of its classes (default: com.example. and the name).")
    private String javaPackage;

    public NewPassCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        var project = new PassProject(name, javaPackage == null ? PassProject.packageFor(name) : javaPackage);
        Optional<Pass<?>> taken = PassRegistry.load().all().stream().filter(p -> p.spec().name().equals(name)).findFirst();
        if (taken.isPresent()) {
            throw new InputException("the pass '" + name + "' is built in (" + taken.get().spec().summary() + "); choose another name");
        }
        if (Files.exists(output, LinkOption.NOFOLLOW_LINKS)) {
            throw new InputException(output + ": exists already, expected the name of a new folder");
        }
        OutputFolder.of(output).requireWritable();
        try (StagingFolder staging = StagingFolder.open(output, false)) {
            try {
                project.write(staging.folder());
            } catch (IOException e) {
                throw staging.about(e);
            }
            staging.commit();
        }
        String folder = output.toString();
        String jar = output.resolve("target").resolve(name + ".jar").toString();
        console.line("Wrote " + folder + ": a pass, its tests and a plug-in jar; its README.md says what is where");
        console.line("Once, and again after each update of depthc, give Maven depthc's artifacts:");
        console.line("  mvn -q -f " + Program.home().map(h -> Shell.quote(h.toString())).orElse("DEPTHC") + " install -DskipTests");
        console.line("Build it and run its tests:");
        console.line("  mvn -f " + Shell.quote(folder) + " verify");
        console.line("Then use it:");
        console.line("  " + Program.command() + " " + Shell.join(List.of("convert", "CHECKPOINT", "--plugin", jar, "--pipeline", name + "{every=2},convert-to-mod",
                "-o", "BUNDLE")));
        return Main.DONE;
    }
}
