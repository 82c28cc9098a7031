// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.passes.api.PassProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import javax.tools.ToolProvider;

/** A plug-in as an author would make it: {@code mark-first} selects the first layers for conversion, {@code failing} fails, {@code drop-attention} leaves the attention out of layers. */
public final class TestPlugin {
    private static final String SOURCE = """
            package plugin;
            import io.github.depthc.ir.*;
            import io.github.depthc.ir.op.*;
            import io.github.depthc.passes.api.*;
            import java.util.List;
            public class Marks implements PassProvider {
                public record Options(@Doc("how many layers") int count, String unused) { }
                public List<Pass<?>> passes() { return List.of(new MarkFirst(), new Failing(), new DropAttention()); }
                static class MarkFirst implements Pass<Options> {
                    public PassSpec<Options> spec() { return new PassSpec<>("mark-first", "mark the first layers", new Options(1, "a \\"b\\"")); }
                    public Outcome run(Model model, Options options, PassContext context) {
                        var b = new RegionBuilder();
                        b.copyParams(model.graph());
                        for (Node n : model.graph().nodes()) {
                            if (n.kind() instanceof Layer l && l.index() < options.count()) {
                                b.copy(n, new Layer(l.index(), true, 0.5), b.values(n.operands()), n.regions());
                                context.remark(Diagnostic.remark(n.location(), "marked"));
                                context.statistic("layers marked", 1);
                            } else {
                                b.copy(n);
                            }
                        }
                        return new Outcome.Changed(model.withGraph(b.build(b.values(model.graph().yields()))), "marked");
                    }
                }
                public record Layers(List<Integer> layers) { }
                static class DropAttention implements Pass<Layers> {
                    public PassSpec<Layers> spec() { return new PassSpec<>("drop-attention", "leave attention out", new Layers(List.of())); }
                    public Outcome run(Model model, Layers options, PassContext context) {
                        return Rewriter.bodies(model).apply(context, "attentions left out", site -> {
                            if (site.node().kind() instanceof Attention && options.layers().contains(((Layer) site.layer().orElseThrow().kind()).index())) {
                                site.replaceWith(site.operand(0), site.operand(Attention.CACHE));
                            }
                        });
                    }
                }
                static class Failing implements Pass<NoOptions> {
                    public PassSpec<NoOptions> spec() { return new PassSpec<>("failing", "fails", new NoOptions()); }
                    public Outcome run(Model model, NoOptions options, PassContext context) { throw new IllegalStateException("no luck"); }
                }
            }
            """;

    private TestPlugin() {
    }

    /** The jar, made in a folder. */
    public static Path jar(Path folder) throws IOException {
        Path classes = Files.createDirectories(folder.resolve("classes"));
        Path source = Files.writeString(folder.resolve("Marks.java"), SOURCE);
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, "-d", classes.toString(), "-cp", System.getProperty("java.class.path"),
                source.toString()));
        Path jar = folder.resolve("marks.jar");
        try (var zip = new JarOutputStream(Files.newOutputStream(jar)); Stream<Path> files = Files.walk(classes)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                put(zip, classes.relativize(file).toString().replace('\\', '/'), Files.readAllBytes(file));
            }
            put(zip, "META-INF/services/" + PassProvider.class.getName(), "plugin.Marks".getBytes(StandardCharsets.UTF_8));
        }
        return jar;
    }

    private static void put(JarOutputStream zip, String name, byte[] bytes) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(bytes);
    }
}
