// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import io.github.depthc.cli.opt.TestPlugin;
import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OptCommandTest {
    private static final Path CHECKPOINT = repository("samples/checkpoints/stories260k");
    private static final String CONVERT = "select-layers{layers=[1, 3]},schedule{kind=constant, ratio=0.5},convert-to-mod";
    private static final String GRAPH = "graph(%x: f32[tokens, 4]) {\n  %y = silu(%x) : f32[tokens, 4]\n  yield %y\n}\n";

    @TempDir
    private Path folder;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static Outcome ok(Object... args) {
        Outcome o = run(args);
        assertEquals(0, o.code(), o.err());
        return o;
    }

    private static String text(Object... args) {
        return ok(args).out();
    }

    @Test
    void anEmptyPipelinePrintsTheModelBack() throws IOException {
        String text = text("opt", CHECKPOINT);
        assertTrue(text.startsWith("depthc.mir 1\nmodel \"stories260k\" {"), text);
        assertTrue(text.contains("\ncheckpoint \"" + CHECKPOINT + "\"\ngraph("), text);
        Path file = file("a.mir", text);
        assertEquals(text, text("opt", file));
        assertEquals(text, text("opt", file, "--pipeline="));
        assertEquals(GRAPH, text("opt", file("g.mir", GRAPH)));
    }

    @Test
    void standardInputIsRead() {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(GRAPH.getBytes(StandardCharsets.UTF_8)));
        try {
            assertEquals(GRAPH, text("opt", "-", "--pipeline=dce"));
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void passesRunInOrder() {
        Outcome o = ok("opt", CHECKPOINT, "--pipeline=" + CONVERT + ",lower-mod");
        assertEquals(2, o.out().lines().filter(l -> l.contains("mod.select{selection=evenly_spaced(ratio=0.5)")).count());
        assertEquals("", o.err());
    }

    @Test
    void aFileIsWrittenWholeAndItsCheckpointIsFoundFromThere() throws IOException {
        Path there = folder.resolve("deep/er");
        Path relative = Path.of("").toAbsolutePath().relativize(CHECKPOINT);
        assertEquals("", text("opt", relative, "-o", there.resolve("a.mir")));
        assertEquals("", text("opt", there.resolve("a.mir"), "-o", folder.resolve("b.mir")));
        for (Path file : List.of(there.resolve("a.mir"), folder.resolve("b.mir"))) {
            String stated = Files.readAllLines(file).get(2);
            assertTrue(stated.startsWith("checkpoint \"../"), stated);
            Path found = file.getParent().resolve(stated.substring("checkpoint \"".length(), stated.length() - 1));
            assertTrue(Files.isSameFile(CHECKPOINT, found), stated);
        }
        assertTrue(text("opt", folder.resolve("b.mir"), "--pipeline=select-layers{rule=arank, count=1}").contains("selected=true"));
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of("b.mir", "deep"), left.map(p -> p.getFileName().toString()).sorted().toList());
        }
        assertTrue(text("opt", folder.resolve("b.mir"), "-o", "-").startsWith("depthc.mir 1"));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void whatIsNoPlainFileIsNotReplaced() throws IOException {
        Path file = file("g.mir", GRAPH);
        Path target = file("target.mir", "depthc.mir 1\nold");
        Path link = Files.createSymbolicLink(folder.resolve("link.mir"), target);
        ok("opt", file, "-o", link);
        assertTrue(Files.isSymbolicLink(link));
        assertEquals(GRAPH, Files.readString(target));
        ok("opt", file, "-o", "/dev/null");
        assertFalse(Files.isRegularFile(Path.of("/dev/null")));
    }

    @Test
    void modelsPrintedAfterPassesParseOneByOne() {
        String all = text("opt", CHECKPOINT, "--pipeline=" + CONVERT + ",fold-constants", "--print-after=all");
        List<String> texts = Arrays.stream(all.split("(?m)^(?=// after )")).filter(t -> !t.isBlank()).toList();
        assertEquals(List.of("// after select-layers{layers=[1, 3]} (pass 1 of 4): 2 of 5 layers selected: [1, 3]",
                "// after schedule{kind=constant} (pass 2 of 4): 2 layers planned",
                "// after convert-to-mod (pass 3 of 4): 2 layers converted",
                "// after fold-constants (pass 4 of 4): unchanged"), texts.stream().map(t -> t.lines().findFirst().orElseThrow()).toList());
        for (String t : texts) {
            assertTrue(Parser.parse(new SourceText("t", t), BuiltinOps.SET).info().isPresent());
        }
        assertEquals(3, text("opt", CHECKPOINT, "--pipeline=" + CONVERT + ",fold-constants", "--print-after=changed").split("// after ").length - 1);
        String two = text("opt", CHECKPOINT, "--pipeline=" + CONVERT, "--print-after=schedule,convert-to-mod");
        assertEquals(2, two.split("// after ").length - 1);
        assertFalse(two.contains("// after select-layers"));
    }

    @Test
    void whereNothingIsPrintedAfterAPassTheResultIs() throws IOException {
        Path file = file("g.mir", GRAPH);
        assertEquals(GRAPH, text("opt", file, "--print-after=all"));
        assertEquals(GRAPH, text("opt", file, "--pipeline=dce", "--print-after=changed"));
    }

    @Test
    void calibrationOptionsThatNoPassReadsAreRefused() throws IOException {
        Path words = file("words.txt", "some words to measure on");
        Outcome o = run("opt", CHECKPOINT, "--pipeline=select-layers{layers=[1]},dce", "--calibration", words, "--samples=2");
        assertEquals(new Outcome(2, "", "depthc: --calibration, --samples have no effect: no pass of the pipeline measures; add one, such as arank or "
                + "select-layers{rule=arank, count=2}, or leave them out\n"), o);
        assertEquals(2, run("opt", CHECKPOINT, "--tokens-per-sample=4").code());
        ok("opt", CHECKPOINT, "--pipeline=select-layers{rule=block_influence, count=1}", "--calibration", words);
        ok("opt", CHECKPOINT, "--pipeline=mark-first", "--plugin", TestPlugin.jar(folder), "--calibration", words);
    }

    @Test
    void tablesAreOnStandardError() {
        Outcome o = ok("opt", CHECKPOINT, "--pipeline=" + CONVERT, "--timing", "--stats");
        assertTrue(o.out().startsWith("depthc.mir 1"));
        List<String> lines = o.err().lines().map(l -> l.strip().replaceAll("\\s+", " ")).toList();
        assertEquals("pass time share outcome", lines.getFirst());
        assertTrue(lines.stream().anyMatch(l -> l.matches("schedule\\{kind=constant} [\\d.]+ .?s [\\d.]+ % 2 layers planned")), o.err());
        assertTrue(lines.stream().anyMatch(l -> l.matches("total .* 100.0 %")), o.err());
        assertTrue(lines.contains("convert-to-mod 2 layers converted"), o.err());
        assertTrue(lines.contains("layer 5 3 −2") && lines.contains("mod 0 2 +2"), o.err());
    }

    @Test
    void passesAreListedFromTheirOwnData() throws IOException {
        String list = text("opt", "--list-passes");
        assertTrue(list.contains("schedule\n    plan the retention ratio"), list);
        assertTrue(list.replaceAll(" +", " ").contains(" kind=prd the formula (prd|linear|constant|list)\n"), list);
        JsonNode json = new ObjectMapper().readTree(text("opt", "--list-passes", "--json"));
        JsonNode select = json.at("/passes").valueStream().filter(p -> p.at("/name").asText().equals("select-layers")).findFirst().orElseThrow();
        assertEquals("{\"name\":\"layers\",\"type\":\"list of integers\",\"default\":\"[]\",\"description\":\"given: which layers, from 0\"}",
                select.at("/options/1").toString());
    }

    @Test
    void drawingsAreWritten() throws IOException {
        Path svg = folder.resolve("g.svg");
        Path dot = folder.resolve("g.dot");
        assertEquals("", text("opt", CHECKPOINT, "--pipeline=" + CONVERT, "--svg", svg, "--dot", dot));
        assertTrue(Files.readString(svg).contains("</svg>") && Files.readString(dot).contains("digraph"));
        assertTrue(text("opt", CHECKPOINT, "--svg", svg, "-o", "-").startsWith("depthc.mir 1"));
    }

    @Test
    void aPassThatIsNotApplicableIsAWarningAtItsPlace() {
        Outcome o = ok("opt", CHECKPOINT, "--pipeline=dce,convert-to-mod");
        assertTrue(o.err().startsWith("pipeline:1:5: warning: convert-to-mod is not applicable: no dense layer is selected"), o.err());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "dce,shedule                     | pipeline:1:5: found 'shedule', expected a pass; did you mean 'schedule'? | 5",
        "select-layers{layer=[1]}        | pipeline:1:15: found 'layer', expected one of rule=, layers=, count=; did you mean 'layers'? | 15",
        "schedule{kind=constnt}          | pipeline:1:15: found 'constnt', expected one of constant, linear, list, prd; did you mean 'constant'? | 15",
        "schedule{ratio=half}            | pipeline:1:16: found 'half', expected a number | 16",
        "dce schedule                    | pipeline:1:5: found 'schedule', expected ',' and another pass, or the end | 5",
        "dce,select-layers{layers=[1, 99]} | pipeline:1:30: select-layers: layer 99 is selected, but the model has layers 0 to 4 | 30",
        "dce{x=1}                        | pipeline:1:5: found 'x', expected '}': the pass 'dce' has no options | 5",
        "select-layers{layers=1}         | pipeline:1:22: found '1', expected a list: write [1] | 22",
        "dce,schedule{kind=list, list=[1]} | pipeline:1:30: schedule: the list has 1 ratio, expected 5, one for each layer | 30",
    })
    void badPipelinesAreShown(String pipeline, String message, int column) {
        Outcome o = run("opt", CHECKPOINT, "--pipeline=" + pipeline);
        assertEquals(2, o.code(), o.err());
        List<String> lines = o.err().lines().toList();
        assertTrue(lines.getFirst().startsWith("depthc: " + message), o.err());
        assertEquals(List.of(pipeline, " ".repeat(column - 1) + "^"), lines.subList(1, lines.size()));
        assertEquals("", o.out());
    }

    @Test
    void aPassThatNeedsWeightsSaysWhatToAdd() throws IOException {
        String alone = text("opt", CHECKPOINT).replaceFirst("checkpoint .*\n", "");
        Path file = file("a.mir", alone);
        Outcome o = run("opt", file, "--pipeline=arank");
        assertEquals(2, o.code());
        assertTrue(o.err().startsWith("depthc: pipeline:1:1: arank: ") && o.err().contains("add --checkpoint FOLDER"), o.err());
        assertEquals(5, ok("opt", file, "--pipeline=arank", "--checkpoint", CHECKPOINT).err().split("ARank").length - 1);
        Outcome gone = run("opt", file("b.mir", alone.replaceFirst("graph", "checkpoint \"gone\"\ngraph")), "--pipeline=arank");
        assertEquals(2, gone.code());
        assertTrue(gone.err().contains(folder.resolve("gone") + ", the checkpoint of"), gone.err());
        assertEquals(0, run("opt", folder.resolve("b.mir"), "--pipeline=dce").code(), "nobody asks for the weights");
    }

    @Test
    void anInvalidModelIsRefusedWithEveryErrorAndItsPlace() throws IOException {
        Path file = file("bad.mir", GRAPH.replace("%y = silu(%x) : f32[tokens, 4]", "%y = silu(%x) : f32[tokens, 5]\n  %z = tanh(%x) : i64[tokens]"));
        Outcome o = run("opt", file);
        assertEquals(2, o.code());
        assertTrue(o.err().contains(file + ":2:3: error: ") && o.err().contains(file + ":3:3: error: "), o.err());
        assertTrue(o.err().endsWith("is not a valid model: 2 errors\n"), o.err());
        assertEquals("", o.out());
    }

    @Test
    void anErrorOfTheWholeGraphHasAPlaceToo() throws IOException {
        Outcome o = run("opt", file("short.mir", text("opt", CHECKPOINT).replaceFirst("layers=5", "layers=6")));
        assertEquals(2, o.code());
        assertTrue(o.err().contains("short.mir:4:1: error: the graph has the caches"), o.err());
    }

    @Test
    void aJarGivenTwiceIsSaidToBe() throws IOException {
        Path jar = TestPlugin.jar(folder);
        Outcome o = run("opt", "--list-passes", "--plugin", jar, "--plugin", jar);
        assertEquals(new Outcome(2, "", "depthc: plug-in " + jar + ": the same jar is given twice; give it once\n"), o);
    }

    @Test
    void aTextThatIsNoModelIsShownWithItsPlace() throws IOException {
        Path file = file("bad.mir", GRAPH.replace("silu", "sulu"));
        Outcome o = run("opt", file);
        assertEquals(2, o.code());
        assertEquals("depthc: " + file + ":2:8: found 'sulu', expected an op; did you mean 'silu'?\n  %y = sulu(%x) : f32[tokens, 4]\n       ^\n", o.err());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "opt                                              | a .mir file or a checkpoint is required",
        "opt nowhere.mir                                  | nowhere.mir: no such file",
        "opt CHECKPOINT --checkpoint CHECKPOINT           | is a checkpoint itself",
        "opt CHECKPOINT --print-after=dec --pipeline=dce  | expected all, changed or one of dce; did you mean 'dce'",
        "opt CHECKPOINT --json                            | --json is for --list-passes",
        "opt CHECKPOINT -o FOLDER                         | is a folder, expected the name of a file",
        "opt CHECKPOINT --svg FOLDER                      | is a folder, expected the name of a file",
        "opt FOLDER                                       | has no config.json",
    })
    void badOptionsAreOneLine(String line, String message) {
        Outcome o = run((Object[]) line.replace("CHECKPOINT", CHECKPOINT.toString()).replace("FOLDER", folder.toString()).split(" "));
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains(message), o.err());
    }

    @Test
    void passesOfAPluginAreListedAndRun() throws IOException {
        Path jar = TestPlugin.jar(folder);
        assertTrue(text("opt", "--plugin", jar, "--list-passes").replaceAll(" +", " ").contains("mark-first\n mark the first layers\n count=1 how many layers (integer)\n"
                + " unused=\"a \\\"b\\\"\" (string)\n"));
        Outcome o = ok("opt", CHECKPOINT, "--plugin", jar, "--pipeline=mark-first{count=2},convert-to-mod", "--stats");
        assertEquals(2, o.out().lines().filter(l -> l.contains("= mod{")).count());
        assertTrue(o.err().contains("layer 0: remark: marked\n") && o.err().replaceAll(" +", " ").contains("mark-first 2 layers marked"), o.err());
        Outcome failed = run("opt", CHECKPOINT, "--plugin", jar, "--pipeline=dce,failing");
        assertEquals(1, failed.code());
        assertTrue(failed.err().contains("failing") && failed.err().contains("marks.jar") && failed.err().contains("no luck"), failed.err());
        assertEquals(2, run("opt", CHECKPOINT, "--pipeline=mark-first").code());
    }

    @Test
    void aBrokenPluginIsNamedAndTheRestWorks() throws IOException {
        Outcome o = ok("opt", "--plugin", file("broken.jar", "no jar"), "--plugin", TestPlugin.jar(folder), "--list-passes");
        assertTrue(o.err().contains("broken.jar: cannot be read as a jar"), o.err());
        assertTrue(o.out().contains("mark-first"));
    }

    @Test
    void verificationCanBeLeftToTheEnds() {
        String pipeline = "--pipeline=" + CONVERT + ",lower-mod";
        assertEquals(text("opt", CHECKPOINT, pipeline), text("opt", CHECKPOINT, pipeline, "--no-verify-each"));
        assertEquals(text("opt", CHECKPOINT, pipeline), text("opt", CHECKPOINT, pipeline, "--verify-each"));
    }

    /** What is written may replace a file of its own kind, and nothing else. */
    @Test
    void otherFilesAreNotReplaced() throws IOException {
        Path weights = Files.write(folder.resolve("model.safetensors"), new byte[] {9, 0, 0, 0});
        for (String option : List.of("-o", "--svg", "--dot")) {
            Outcome o = run("opt", CHECKPOINT, option, weights);
            assertEquals(2, o.code(), o.err());
            assertTrue(o.err().contains(option + " " + weights + ": exists already and is no "), o.err());
        }
        assertArrayEquals(new byte[] {9, 0, 0, 0}, Files.readAllBytes(weights));
        for (String option : List.of("-o", "--svg", "--dot")) {
            Path own = folder.resolve("own" + option);
            assertEquals(0, run("opt", CHECKPOINT, option, own).code());
            Outcome again = run("opt", CHECKPOINT, option, own);
            assertEquals(0, again.code(), again.err());
        }
    }

    @Test
    void listingPassesRunsNone() {
        assertTrue(run("opt", CHECKPOINT, "--list-passes").err().contains("has no effect"));
        assertTrue(run("opt", "--list-passes", "--pipeline", "dce").err().contains("--pipeline has no effect"));
        assertTrue(run("opt", "--list-passes", "--json", "--stats").err().contains("--stats has no effect"));
        assertTrue(run("opt", "--list-passes", "-o", "x").err().contains("--output has no effect"));
    }
}
