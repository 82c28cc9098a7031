// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.cli.newpass.PassProject;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.testkit.TextTests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The project that {@code new-pass} writes, without Maven, which {@code tools/check-guide} builds it with. */
class PassProjectTest {
    @TempDir
    Path folder;

    @Test
    void thePassIsALoadablePlugInThatDoesWhatItsTextsSay() throws IOException {
        Path project = Files.createDirectory(folder.resolve("project"));
        new PassProject("skip-2nd", "org.example.a").write(project);
        PassRegistry registry = PassRegistry.load(List.of(jar(project, "org/example/a")));
        assertEquals(List.of(), registry.problems());
        var texts = new TextTests(registry);
        try (Stream<Path> files = Files.list(project.resolve("src/test/resources/mir"))) {
            for (Path text : files.toList()) {
                texts.run(text);
            }
        }
    }

    private Path jar(Path project, String javaPackage) throws IOException {
        Path classes = Files.createDirectory(folder.resolve("classes"));
        Path sources = project.resolve("src/main/java").resolve(javaPackage);
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, "-d", classes.toString(), "-cp", System.getProperty("java.class.path"),
                "-Xlint:all,-path,-classfile,-processing", "-Werror", sources.resolve("Skip2ndPass.java").toString(),
                sources.resolve("Plugin.java").toString()));
        Path jar = folder.resolve("skip-2nd.jar");
        try (var zip = new JarOutputStream(Files.newOutputStream(jar))) {
            for (Path root : List.of(classes, project.resolve("src/main/resources"))) {
                try (Stream<Path> files = Files.walk(root)) {
                    for (Path file : files.filter(Files::isRegularFile).toList()) {
                        zip.putNextEntry(new ZipEntry(root.relativize(file).toString()));
                        Files.copy(file, zip);
                    }
                }
            }
        }
        return jar;
    }
}
