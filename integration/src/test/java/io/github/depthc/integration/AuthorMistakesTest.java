// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpDef;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassProvider;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.api.Rewriter;
import io.github.depthc.passes.builtin.BuiltinPasses;
import io.github.depthc.testkit.RandomModels;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Mistakes of authors of passes, each with the message that {@code docs/writing-a-pass.md} explains. */
class AuthorMistakesTest {
    private static final String SERVICE = "META-INF/services/" + PassProvider.class.getName();

    @TempDir
    Path temp;

    /** A pass with a rule about layers. */
    private record Rewrites(String name, BiConsumer<Rewriter.Site, Layer> rule) implements Pass<NoOptions> {
        @Override
        public PassSpec<NoOptions> spec() {
            return new PassSpec<>(name, "makes a mistake", new NoOptions());
        }

        @Override
        public Outcome run(Model model, NoOptions options, PassContext context) {
            return Rewriter.graph(model).apply(context, "nodes changed", site -> {
                if (site.node().kind() instanceof Layer layer) {
                    rule.accept(site, layer);
                }
            });
        }
    }

    /** A pass that does something else. */
    private record Runs(BiConsumer<Model, PassContext> what) implements Pass<NoOptions> {
        @Override
        public PassSpec<NoOptions> spec() {
            return new PassSpec<>("mine", "makes a mistake", new NoOptions());
        }

        @Override
        public Outcome run(Model model, NoOptions options, PassContext context) {
            what.accept(model, context);
            return new Outcome.Unchanged();
        }
    }

    /** Gives back what it gets. */
    private interface Same extends OpKind {
        @Override
        default List<Type> infer(List<Type> operands, List<Region> regions) {
            return List.of(operands.getFirst());
        }
    }

    private record Plain() implements Same {
        @Override
        public String mnemonic() {
            return "test.plain";
        }
    }

    private record WithSet(Set<Integer> layers) implements Same {
        @Override
        public String mnemonic() {
            return "test.set";
        }
    }

    private record Endless() implements Same, Lowerable {
        @Override
        public String mnemonic() {
            return "test.endless";
        }

        @Override
        public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
            return List.of(b.add("again", this, operands.getFirst()));
        }
    }

    @TestFactory
    Stream<DynamicTest> eachIsExplained() {
        return Map.<String, Runnable>ofEntries(
                Map.entry("has no META-INF/services/io.github.depthc.passes.api.PassProvider", () -> load(Map.of("readme.txt", ""))),
                Map.entry("is left out; it was built for another version of depthc or of Java", () -> load(Map.of(SERVICE, "Mine", "Mine.class", "x"))),
                Map.entry("expected lower case words joined by '-'", () -> rewrite("MinePass", (site, layer) -> { })),
                Map.entry("the same jar is given twice", () -> PassRegistry.load(List.of(temp.resolve("mine.jar"), temp.resolve("mine.jar")))),
                Map.entry("is offered twice", () -> PassRegistry.of(List.of(new BuiltinPasses(), new BuiltinPasses()))),
                Map.entry("expected a pass", () -> Pipeline.parse("mime", PassRegistry.load())),
                Map.entry("cannot map 2 values to 1", () -> rewrite((site, layer) -> site.replaceWith(site.operand(0)))),
                Map.entry("has not been mapped or copied yet", () -> rewrite((site, layer) -> site.remove())),
                Map.entry("was kept, which maps it anew", () -> rewrite((site, layer) -> site.builder().map(site.node().result(0), site.operand(Layer.HIDDEN)))),
                Map.entry("the graph has none of the model's", () -> rewrite((site, layer) -> site.replaceWith(site.operand(Layer.HIDDEN), site.operand(Layer.CACHE)))),
                Map.entry("a rule decided twice", () -> rewrite((site, layer) -> {
                    site.keep();
                    site.remove();
                })),
                Map.entry("expected a value defined before in the same region",
                        () -> rewrite((site, layer) -> site.replaceWith(site.node().operand(Layer.HIDDEN), site.node().operand(Layer.CACHE)))),
                Map.entry("silu: has 4 operands, expected 1", () -> rewrite((site, layer) -> site.replaceKind(new Unary.Silu()))),
                Map.entry("expected a registered op", () -> rewrite((site, layer) -> add(site, new Plain()))),
                Map.entry("which has no text form", () -> rewrite((site, layer) -> add(site, new WithSet(Set.of(1))))),
                Map.entry("rounds of lowering", () -> rewrite((site, layer) -> add(site, new Endless()))),
                Map.entry("this pass needs calibration text", () -> run(new Runs((model, context) -> context.calibration()))),
                Map.entry("this pass runs the model, but no executor is available here", () -> run(new Runs((model, context) -> context.executor()))))
                .entrySet().stream().map(e -> DynamicTest.dynamicTest(e.getKey(), () -> {
                    String message = assertThrows(RuntimeException.class, e.getValue()::run).getMessage();
                    assertTrue(message.contains(e.getKey()), message);
                    assertTrue(Repository.text("docs/writing-a-pass.md").contains("| `" + e.getKey() + "` |"), "the guide does not explain it");
                }));
    }

    @Test
    void somethingIsPutBehindANodeAsTheGuideSays() throws IOException {
        assertInstanceOf(Outcome.Changed.class, rewrite((site, layer) -> {
            Node kept = site.keep();
            site.builder().map(site.node().result(0), site.builder().add("after", new Unary.Silu(), kept.result(0)));
        }));
        assertTrue(Repository.text("docs/writing-a-pass.md").contains("`Node kept = site.keep()`"));
    }

    private static void add(Rewriter.Site site, OpKind kind) {
        site.replaceWith(site.builder().add("new", kind, site.operand(Layer.HIDDEN)), site.operand(Layer.CACHE));
    }

    private static Outcome rewrite(BiConsumer<Rewriter.Site, Layer> rule) {
        return rewrite("mine", rule);
    }

    private static Outcome rewrite(String name, BiConsumer<Rewriter.Site, Layer> rule) {
        return run(new Rewrites(name, rule));
    }

    /** Runs it and then {@code lower-mod}; gives its outcome. */
    private static Outcome run(Pass<NoOptions> pass) {
        PassRegistry registry = PassRegistry.of(List.of(new BuiltinPasses(), new PassProvider() {
            @Override
            public List<Pass<?>> passes() {
                return List.of(pass);
            }

            @Override
            public List<OpDef> ops() {
                return List.of(new OpDef("test.set", WithSet.class, "has a set"), new OpDef("test.endless", Endless.class, "lowers to itself"));
            }
        }));
        var outcomes = new ArrayList<Outcome>();
        Pipeline.parse(pass.spec().name() + ",lower-mod", registry).run(RandomModels.dense(0).model(), PassContext.builder().build(),
                (step, outcome, model, time) -> outcomes.add(outcome));
        assertEquals(2, outcomes.size());
        return outcomes.getFirst();
    }

    /** Loads a jar with these files; what is wrong with it is the message. */
    private void load(Map<String, String> files) {
        Path jar = temp.resolve("mine.jar");
        try (OutputStream out = Files.newOutputStream(jar); var zip = new JarOutputStream(out)) {
            for (var file : files.entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue().getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        throw new IllegalStateException(PassRegistry.load(List.of(jar)).problems().getFirst());
    }
}
