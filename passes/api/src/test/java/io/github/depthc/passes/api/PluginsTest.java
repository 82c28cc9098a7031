// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plug-ins are compiled and packed here, as an author of one would. */
class PluginsTest {
    private static final String SERVICE = "META-INF/services/" + PassProvider.class.getName();

    @TempDir
    Path temp;

    @Test
    void aGoodJarLoadsAndBrokenOnesAreNamed() throws IOException {
        Path good = plugin("good", "Good", provider("Good", "return java.util.List.of(new P());"));
        Path failing = plugin("failing", "Failing", provider("Failing", "throw new IllegalStateException(\"no luck\");"));
        Path missing = jar("missing", Map.of(SERVICE, "nobody.Home".getBytes(StandardCharsets.UTF_8)));
        Path noService = jar("noservice", Map.of("readme.txt", new byte[1]));
        Path linked = jar("linked", Map.of(SERVICE, "Linked".getBytes(StandardCharsets.UTF_8), "Linked.class", new byte[] {1, 2, 3}));
        Path text = Files.writeString(temp.resolve("text.jar"), "not a jar");
        Path absent = temp.resolve("absent.jar");

        PassRegistry registry = PassRegistry.load(List.of(failing, missing, noService, linked, text, absent, temp, good));

        assertEquals("good", registry.find("good").spec().name());
        List<String> problems = registry.problems();
        assertEquals(7, problems.size(), problems::toString);
        List<List<String>> expected = List.of(List.of("failing.jar", "Failing", "no luck"), List.of("missing.jar", "nobody.Home"),
                List.of("noservice.jar", "has no META-INF/services"), List.of("linked.jar", "another version"), List.of("text.jar", "cannot be read as a jar"),
                List.of("absent.jar", "no such file"), List.of(temp.toString(), "is not a file"));
        for (int i = 0; i < problems.size(); i++) {
            for (String part : expected.get(i)) {
                assertTrue(problems.get(i).contains(part), problems.get(i) + " should name " + part);
            }
        }
    }

    /** What is wrong is said of the provider, or of what it names, and not of the jar. */
    @Test
    void theReasonIsTheTrueOne() throws IOException {
        String body = "return java.util.List.of(new P());";
        Path error = plugin("error", "Err", provider("Err", "throw new AssertionError(\"never so\");"));
        Path init = plugin("init", "Init", provider("Init", body).replace("{\n    public List", "{\n    static final int N = Integer.parseInt(\"x\");\n    public List"));
        Path nothing = plugin("nothing", "Nothing", provider("Nothing", "return null;"));
        Path hole = plugin("hole", "Hole", provider("Hole", "return java.util.Collections.singletonList(null);"));
        Path noSpec = plugin("nospec", "NoSpec", provider("NoSpec", body).replaceAll("return new PassSpec.*?;", "return null;"));
        Path lines = plugin("lines", "Lines", provider("Lines", body).replace("does nothing", "two\\nlines"));
        Path other = plugin("other", "Other", "public class Other { static class P { } }");
        Path half = plugin("half", "Half", provider("Half", body), "nobody.Home\nHalf");

        PassRegistry registry = PassRegistry.load(List.of(error, init, nothing, hole, noSpec, lines, other, half));

        assertEquals("half", registry.find("half").spec().name());
        assertEquals(List.of(
                "plug-in " + error + ": Err: is left out; it failed with java.lang.AssertionError: never so",
                "plug-in " + init + ": Init: is left out; a static initialiser failed with java.lang.NumberFormatException: For input string: \"x\"",
                "plug-in " + nothing + ": Nothing: is left out: passes() gives null, expected a list",
                "plug-in " + hole + ": Hole: is left out: the list of passes() has null in it",
                "plug-in " + noSpec + ": NoSpec: is left out: spec() of NoSpec$P gives null, expected name, summary and options",
                "plug-in " + lines + ": Lines: is left out: the summary of pass 'lines' has 2 lines, expected one line",
                "plug-in " + other + ": a provider is left out: Other is no PassProvider",
                "plug-in " + half + ": a provider is left out: Provider nobody.Home not found"), registry.problems());
    }

    /** What the text form cannot say is refused when the plug-in loads, and not when somebody uses it. */
    @Test
    void whatHasNoTextFormIsRefusedAtOnce() throws IOException {
        Path dollar = plugin("dollar", "Dollar", options("Dollar", "record O(int a$b) { }", "new O(1)"));
        Path umlaut = plugin("umlaut", "Umlaut", options("Umlaut", "record O(int höhe) { }", "new O(1)"));
        Path cases = plugin("cases", "Cases", options("Cases", "enum E { A, a } record O(E e) { }", "new O(E.A)"));
        Path variants = plugin("variants", "Variants", options("Variants",
                "sealed interface S { } record TopK() implements S { } record Top_k() implements S { } record O(S s) { }", "new O(new TopK())"));
        Path doc = plugin("doc", "Docs", options("Docs", "record O(@Doc(\"two\\nlines\") int a) { }", "new O(1)"));

        List<String> problems = PassRegistry.load(List.of(dollar, umlaut, cases, variants, doc)).problems();

        assertEquals(5, problems.size(), problems::toString);
        assertTrue(problems.get(0).contains("O has 'a$b', expected a letter a to z or _"), problems.get(0));
        assertTrue(problems.get(1).contains("O has 'höhe', expected a letter a to z or _"), problems.get(1));
        assertTrue(problems.get(2).contains("E has two that are written 'a'"), problems.get(2));
        assertTrue(problems.get(3).contains("are both written 'top_k'"), problems.get(3));
        assertTrue(problems.get(4).endsWith("@Doc of option a of pass 'docs' is no single line of words"), problems.get(4));
    }

    @Test
    void aProviderThatCannotBeMadeIsToldInItsAuthorsWords() throws IOException {
        String body = "return java.util.List.of(new P());";
        Path parameters = plugin("parameters", "Parameters", provider("Parameters", body).replace("public List<", "public Parameters(int a) { }\n    public List<"));
        Path hidden = plugin("hidden", "Hidden", provider("Hidden", body).replace("public class Hidden implements PassProvider {", "class Hidden implements PassProvider { public Hidden() { }"));
        Path half = plugin("abstract", "Abstract", provider("Abstract", body).replace("public class", "public abstract class"));
        assertEquals(List.of(
                "plug-in " + parameters + ": is left out: Parameters has no public constructor without parameters",
                "plug-in " + hidden + ": Hidden: is left out: the provider's class and its constructor without parameters must be public",
                "plug-in " + half + ": Abstract: is left out: the provider's class is abstract"), PassRegistry.load(List.of(parameters, hidden, half)).problems());
    }

    /** The rewriter and the builder are the only way to make a graph. */
    @Test
    void aPluginCannotMakeUncheckedParts() throws IOException {
        Path jar = plugin("unchecked", "Raw", provider("Raw", "return java.util.List.of(new P());").replace("return new Outcome.Unchanged();",
                "return new Outcome.Changed(model.withGraph(io.github.depthc.ir.Unchecked.region(List.of(), List.of(), List.of())), \"\");"));
        PassException e = assertThrows(PassException.class, () -> run(jar, "raw"));
        assertTrue(e.getMessage().contains("pass raw of Raw$P (") && e.getMessage().contains(jar.toString()) && e.getMessage().contains(
                "io.github.depthc.ir.Unchecked is the parser's alone; make graphs through a RegionBuilder or a Rewriter"), e.getMessage());
    }

    /** Whatever a plug-in's pass throws names it and its jar. */
    @Test
    void whatAPassThrowsNamesItsJar() throws IOException {
        Map<String, String> thrown = Map.of(
                "new io.github.depthc.ir.InputException(\"no such luck\")", "no such luck",
                "new io.github.depthc.ir.InputException(null)", "it failed with io.github.depthc.ir.InputException, which says nothing",
                "new java.io.UncheckedIOException(new java.io.IOException(\"disk gone\"))", "disk gone",
                "new io.github.depthc.ir.TypeException(\"odd type\")", "odd type");
        int n = 0;
        for (var t : thrown.entrySet()) {
            String name = "T" + n++;
            Path jar = plugin(name, name, provider(name, "return java.util.List.of(new P());").replace("return new Outcome.Unchanged();", "throw " + t.getKey() + ";"));
            RuntimeException e = assertThrows(RuntimeException.class, () -> run(jar, name.toLowerCase(java.util.Locale.ROOT)));
            assertTrue(e.getMessage().contains(name + "$P (" + jar + ")") && e.getMessage().contains(t.getValue()), e.getMessage());
        }
    }

    /** Weights that are put into a graph have to be there, with as many bytes. */
    @Test
    void weightsWithoutBytesNameThePass() throws IOException {
        Map<String, String> wrong = Map.of(
                "ComputedWeights.weight(\"z\", 4)", "@computed:\"z\" of type f32[4] takes 16 bytes, but 8 are there",
                "ComputedWeights.weight(\"none\", 2)", "@computed:\"none\" has no values: a pass that makes a computed weight adds it to the model's weights");
        int n = 0;
        for (var w : wrong.entrySet()) {
            String name = "W" + n++;
            Path jar = plugin(name, name, provider(name, "return java.util.List.of(new P());").replace("return new Outcome.Unchanged();", """
                    var b = new io.github.depthc.ir.RegionBuilder();
                    var made = io.github.depthc.ir.weight.ComputedWeights.weight("z", 2);
                    b.add("w", new io.github.depthc.ir.op.Weight(io.github.depthc.ir.weight.WEIGHT));
                    return new Outcome.Changed(model.withGraph(b.build(List.of())).withWeights(io.github.depthc.ir.weight.ComputedWeights.add(model.weights(), made, new float[2])), "");
                    """.replace("WEIGHT", w.getKey())));
            InputException e = assertThrows(InputException.class, () -> run(jar, name.toLowerCase(java.util.Locale.ROOT)));
            assertTrue(e.getMessage().contains(name + "$P (" + jar + ")") && e.getMessage().contains(w.getValue()), e.getMessage());
        }
    }

    @Test
    void computedWeightsThatAreNotFiniteNameThePass() throws IOException {
        Path jar = plugin("Nan", "Nan", provider("Nan", "return java.util.List.of(new P());").replace("return new Outcome.Unchanged();", """
                var b = new io.github.depthc.ir.RegionBuilder();
                var made = io.github.depthc.ir.weight.ComputedWeights.weight("z", 2);
                b.add("w", new io.github.depthc.ir.op.Weight(made));
                return new Outcome.Changed(model.withGraph(b.build(List.of())).withWeights(io.github.depthc.ir.weight.ComputedWeights.add(model.weights(), made, new float[] {1, Float.NaN})), "");
                """));
        InputException e = assertThrows(InputException.class, () -> run(jar, "nan"));
        assertTrue(e.getMessage().contains("Nan$P (" + jar + ")")
                && e.getMessage().endsWith("@computed:\"z\" of type f32[2] has the value NaN at index 1, expected finite numbers"), e.getMessage());
    }

    /** Where a checkpoint is at hand; else its tensors may be looked for later. */
    @Test
    void aTensorThatTheCheckpointLacksNamesThePass() throws IOException {
        Path jar = plugin("Lacks", "Lacks", provider("Lacks", "return java.util.List.of(new P());").replace("return new Outcome.Unchanged();", """
                var b = new io.github.depthc.ir.RegionBuilder();
                model.graph().nodes().forEach(b::copy);
                b.add("w", new io.github.depthc.ir.op.Weight(new io.github.depthc.ir.weight.WeightExpr.Stored("checkpoint", "none", io.github.depthc.ir.TensorType.fixed(io.github.depthc.ir.DType.F32, 2))));
                return new Outcome.Changed(model.withGraph(b.build(List.of())), "");
                """));
        var b = new RegionBuilder();
        b.add("w", new Weight(new WeightExpr.Stored("checkpoint", "one", TensorType.fixed(DType.F32, 2))));
        Region graph = b.build(List.of());
        WeightStore store = w -> {
            if (!w.name().equals("one")) {
                throw new InputException("in/model.safetensors: has no tensor \"" + w.name() + "\"");
            }
            return new WeightStore.Extent(HostTensor.of(new float[2], 2).data());
        };
        InputException e = assertThrows(InputException.class, () -> run(jar, "lacks", new Model(ModelInfo.NONE, graph, store), PassContext.builder()));
        assertTrue(e.getMessage().contains("Lacks$P (" + jar + ")")
                && e.getMessage().endsWith("@checkpoint:\"none\" is not there: in/model.safetensors: has no tensor \"none\""), e.getMessage());
        run(jar, "lacks", new Model(ModelInfo.NONE, graph, WeightStore.EMPTY), PassContext.builder());
    }

    /** An interrupted thread cannot write files: what it writes next would be told as a failure of the disk. */
    @Test
    void aPassThatLeavesItsThreadInterruptedIsNamed() throws IOException {
        for (String does : List.of("return new Outcome.Unchanged();", "throw new IllegalStateException();")) {
            String name = does.startsWith("return") ? "Leaves" : "Throws";
            Path jar = plugin(name, name, provider(name, "return java.util.List.of(new P());").replace("return new Outcome.Unchanged();", "Thread.currentThread().interrupt(); " + does));
            var remarks = new ArrayList<Diagnostic>();
            var empty = new Model(ModelInfo.NONE, new RegionBuilder().build(List.of()), WeightStore.EMPTY);
            try {
                run(jar, name.toLowerCase(java.util.Locale.ROOT), empty, PassContext.builder().remarks(remarks::add));
            } catch (PassException e) {
                assertEquals("Throws", name);
            }
            assertFalse(Thread.interrupted());
            assertEquals(List.of("pass " + name.toLowerCase(java.util.Locale.ROOT) + " of " + name + "$P (" + jar + ") left its thread interrupted, expected as it was; the flag is cleared"),
                    remarks.stream().map(Diagnostic::message).toList());
        }
    }

    @Test
    void aPassThatChangesWhatIsKnownOfTheCheckpointIsNamed() throws IOException {
        Path jar = plugin("Facts", "Facts", provider("Facts", "return java.util.List.of(new P());").replace("return new Outcome.Unchanged();",
                "return new Outcome.Changed(new Model(new io.github.depthc.ir.ModelInfo(\"x\", \"y\", 1, 2, 1, 1, 2, 4, 8, 16), model.graph(), model.weights()), \"\");"));
        InputException e = assertThrows(InputException.class, () -> run(jar, "facts"));
        assertTrue(e.getMessage().contains("facts of Facts$P (" + jar + "): pass facts changes what is known of the checkpoint"), e.getMessage());
    }

    /** Weights are read later, and by other threads. */
    @Test
    void memoryOfWeightsThatOthersCannotReadNamesThePass() throws IOException {
        for (String arena : List.of("Arena.ofConfined()", "CLOSED")) {
            String name = arena.startsWith("A") ? "Confined" : "Closed";
            Path jar = plugin(name, name, provider(name, "return java.util.List.of(new P());").replace("return new Outcome.Unchanged();", """
                    var b = new io.github.depthc.ir.RegionBuilder();
                    var made = new io.github.depthc.ir.weight.WeightExpr.Stored("mine", "z", io.github.depthc.ir.TensorType.fixed(io.github.depthc.ir.DType.F32, 2));
                    b.add("w", new io.github.depthc.ir.op.Weight(made));
                    var arena = java.lang.foreign.Arena.ofConfined();
                    var bytes = arena.allocate(8);
                    CLOSE
                    return new Outcome.Changed(model.withGraph(b.build(List.of())).withWeights(w -> new io.github.depthc.ir.weight.WeightStore.Extent(bytes)), "");
                    """.replace("CLOSE", arena.equals("CLOSED") ? "arena.close();" : "")));
            InputException e = assertThrows(InputException.class, () -> run(jar, name.toLowerCase(java.util.Locale.ROOT)));
            assertTrue(e.getMessage().contains(name + "$P (" + jar + ")") && e.getMessage().contains("gives memory that is closed or of one thread alone"), e.getMessage());
        }
    }

    @Test
    void aFolderMayHaveAnExclamationMark() throws IOException {
        Path jar = plugin("good", "Good", provider("Good", "return java.util.List.of(new P());"));
        Path other = Files.createDirectory(temp.resolve("bang!")).resolve("x!.jar");
        Files.copy(jar, other);
        assertEquals(List.of(), PassRegistry.load(List.of(other)).problems());
    }

    /** An exception out of a plug-in's code, where no pass is called, is that plug-in's. */
    @Test
    void thePluginThatWasRunningIsFoundInAStackTrace() throws IOException {
        Path jar = plugin("later", "Later", provider("Later", "return java.util.List.of(new P());").replace("{ return new PassSpec",
                "{ if (calls++ > 20) throw new IllegalStateException(\"tired\"); return new PassSpec").replace("static class P implements Pass<NoOptions> {",
                "static class P implements Pass<NoOptions> { int calls;"));
        Pass<?> pass = PassRegistry.load(List.of(jar)).find("later");
        var e = assertThrows(IllegalStateException.class, () -> {
            while (true) {
                pass.spec();
            }
        });
        assertEquals("plug-in later.jar: Later$P.spec() failed: java.lang.IllegalStateException: tired", PassException.ofPlugin(e).orElseThrow().getMessage());
        assertTrue(PassException.ofPlugin(new IllegalStateException()).isEmpty());
    }

    private static void run(Path jar, String name) {
        run(jar, name, new Model(ModelInfo.NONE, new RegionBuilder().build(List.of()), WeightStore.EMPTY), PassContext.builder());
    }

    private static void run(Path jar, String name, Model model, PassContext.Builder context) {
        Pipeline.parse(name, PassRegistry.load(List.of(jar))).run(model, context.build(), Pipeline.Listener.NONE);
    }

    /** Each is loaded once, whichever comes first, and a class that both see is one. */
    @Test
    void aJarOnTheClassPathOfAnotherIsLoadedOnce() throws IOException {
        String base = provider("Base", "return java.util.List.of(new P());");
        Path classes = temp.resolve("base.classes");
        Path two = plugin("base", "Base", base);
        Path one = plugin("top", "Top", provider("Top", "if (new Base().getClass().getClassLoader() == Top.class.getClassLoader()) throw new IllegalStateException(\"another Base\"); "
                + "return java.util.List.of(new P());"), "Top", Map.of("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nClass-Path: base.jar gone.jar top.jar\n".getBytes(StandardCharsets.UTF_8)), classes);
        for (List<Path> jars : List.of(List.of(one, two), List.of(two, one))) {
            PassRegistry registry = PassRegistry.load(jars);
            assertEquals(List.of(), registry.problems());
            assertEquals("top", registry.find("top").spec().name());
            assertEquals("base", registry.find("base").spec().name());
        }
    }

    /** Two that have each other, and what neither was given as, on their class paths. */
    @Test
    void jarsMayHaveEachOtherOnTheirClassPaths() throws IOException {
        plugin("shared", "Shared", provider("Shared", "return java.util.List.of(new P());"));
        Path one = plugin("left", "Left", provider("Left", "return java.util.List.of(new P());"), "Left",
                Map.of("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nClass-Path: right.jar shared.jar\n".getBytes(StandardCharsets.UTF_8)), temp);
        Path two = plugin("right", "Right", provider("Right", "return java.util.List.of(new P());"), "Right",
                Map.of("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nClass-Path: left.jar shared.jar\n".getBytes(StandardCharsets.UTF_8)), temp);
        PassRegistry registry = PassRegistry.load(List.of(one, two));
        assertEquals(List.of(), registry.problems());
        assertEquals(List.of("left", "right", "shared"), registry.all().stream().map(p -> p.spec().name()).sorted().toList());
    }

    @Test
    void twoJarsWithOnePassNameBothAreNamed() throws IOException {
        Path one = plugin("one", "One", provider("One", "return java.util.List.of(new P());"));
        Path two = plugin("two", "Two", provider("Two", "return java.util.List.of(new P());").replace("\"two\"", "\"one\""));
        var e = assertThrows(InputException.class, () -> PassRegistry.load(List.of(one, two)));
        assertTrue(e.getMessage().contains("'one' is offered twice") && e.getMessage().contains("one.jar") && e.getMessage().contains("two.jar"),
                e.getMessage());
    }

    @Test
    void oneJarGivenTwiceIsSaidToBe() throws IOException {
        Path one = plugin("one", "One", provider("One", "return java.util.List.of(new P());"));
        var e = assertThrows(InputException.class, () -> PassRegistry.load(List.of(one, one)));
        assertEquals("plug-in " + one + ": the same jar is given twice; give it once", e.getMessage());
        Path other = one.resolveSibling("gone").resolveSibling("..").resolve(temp.getFileName()).resolve("one.jar");
        var e2 = assertThrows(InputException.class, () -> PassRegistry.load(List.of(one, other)));
        assertEquals("plug-in " + other + ": the same jar is given twice, the other time as " + one + "; give it once", e2.getMessage());
    }

    /** A provider whose pass has its name in small letters. */
    private static String provider(String name, String passes) {
        return """
                import io.github.depthc.ir.Model;
                import io.github.depthc.passes.api.*;
                import java.util.List;
                public class NAME implements PassProvider {
                    public List<Pass<?>> passes() { PASSES }
                    static class P implements Pass<NoOptions> {
                        public PassSpec<NoOptions> spec() { return new PassSpec<>("SMALL", "does nothing", new NoOptions()); }
                        public Outcome run(Model model, NoOptions options, PassContext context) { return new Outcome.Unchanged(); }
                    }
                }
                """.replace("NAME", name).replace("PASSES", passes).replace("SMALL", name.toLowerCase(java.util.Locale.ROOT));
    }

    /** A provider whose pass has options. */
    private static String options(String name, String declared, String defaults) {
        return provider(name, "return java.util.List.of(new P());").replace("static class P", declared
                + " static class P").replace("<NoOptions>", "<O>").replace("NoOptions options", "O options").replace("new NoOptions()", defaults);
    }

    private Path plugin(String jar, String type, String source) throws IOException {
        return plugin(jar, type, source, type);
    }

    private Path plugin(String jar, String type, String source, String services) throws IOException {
        return plugin(jar, type, source, services, Map.of(), temp);
    }

    /** @param needed more of the class path it is compiled with */
    private Path plugin(String jar, String type, String source, String services, Map<String, byte[]> more, Path needed) throws IOException {
        Path folder = Files.createDirectories(temp.resolve(jar + ".classes"));
        Path file = Files.writeString(folder.resolve(type + ".java"), source);
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, "-d", folder.toString(), "-cp",
                System.getProperty("java.class.path") + java.io.File.pathSeparator + needed, file.toString()));
        var entries = new LinkedHashMap<String, byte[]>(more);
        entries.putAll(Map.of(SERVICE, services.getBytes(StandardCharsets.UTF_8)));
        try (var classes = Files.newDirectoryStream(folder, "*.class")) {
            for (Path c : classes) {
                entries.put(c.getFileName().toString(), Files.readAllBytes(c));
            }
        }
        return jar(jar, entries);
    }

    private Path jar(String name, Map<String, byte[]> entries) throws IOException {
        Path jar = temp.resolve(name + ".jar");
        try (OutputStream out = Files.newOutputStream(jar); var zip = new JarOutputStream(out)) {
            for (var entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
        return jar;
    }
}
