// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.arch.Size;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class DrawingTest {
    private static final PassRegistry PASSES = PassRegistry.load();

    private static Model model(String type, int layers, String pipeline) {
        Model dense = Importer.fromConfig(Importer.exampleConfig(type, Map.of(Size.LAYERS, layers)), "a <model> & \"more\"");
        return Pipeline.parse(pipeline, PASSES).run(dense, PassContext.builder().build(), Pipeline.Listener.NONE);
    }

    private static Model graph(String text) {
        return Parser.parse(new SourceText("test.mir", text), BuiltinOps.SET).model(WeightStore.EMPTY);
    }

    private static List<Chart.Card> cards(Model model) {
        return Pictures.of(model).chart().items().stream().filter(Chart.Card.class::isInstance).map(Chart.Card.class::cast).toList();
    }

    private static List<Chart.Row> rows(Model model) {
        return Pictures.of(model).chart().items().stream().filter(Chart.Stack.class::isInstance).flatMap(s -> ((Chart.Stack) s).rows().stream()).toList();
    }

    private static Document parse(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    }

    private static double number(Element element, String attribute) {
        return Double.parseDouble(element.getAttribute(attribute));
    }

    private static List<String> texts(Document svg) {
        NodeList all = svg.getElementsByTagName("text");
        var texts = new ArrayList<String>();
        for (int i = 0; i < all.getLength(); i++) {
            texts.add(all.item(i).getTextContent());
        }
        return texts;
    }

    @Test
    void layersThatLookTheSameAreDrawnOnce() {
        Model model = model("llama", 6, "select-layers{layers=[2, 3, 4]},schedule{kind=constant, ratio=0.25},convert-to-mod");
        assertEquals(List.of("layer 0", "layer 2"), cards(model).stream().map(c -> c.head().title()).toList());
        assertEquals(List.of("layer 1", "layer 3", "layer 4", "layer 5"), rows(model).stream().map(r -> r.head().title()).toList());
        assertEquals(List.of("layer 0", "layer 2", "layer 2", "layer 0"), rows(model).stream().map(Chart.Row::body).toList());
        Chart.Card mod = cards(model).get(1);
        assertEquals(Chart.Kind.MOD, mod.head().kind());
        assertEquals(0.25, mod.head().ratio().getAsDouble());
        // of 1024 tokens all but the first and the last are candidates: 2 + trunc(1022 / 4)
        assertEquals("257 of 1024", mod.head().kept());
        assertTrue(mod.skipped().isPresent());
        assertTrue(cards(model).getFirst().skipped().isEmpty());
    }

    @Test
    void whichTokensALayerKeepsIsToldAsFarAsItIsKnown() throws IOException {
        Model trained = Importer.fromConfig(Checkpoint.config(repository("integration/src/test/resources/goldens-mod/pmod-cos")), "trained");
        assertEquals("that share of the image tokens", rows(trained).getLast().head().kept());
        assertEquals("by score", cards(model("llama", 2, "select-layers{layers=[1]},schedule,convert-to-mod{style=gamma}")).get(1).head().kept());
    }

    @Test
    void whatAScheduleHasPlannedIsShown() {
        Chart.Card planned = cards(model("llama", 2, "select-layers{layers=[1]},schedule{kind=constant, ratio=0.5}")).get(1);
        assertEquals(Chart.Kind.PLANNED, planned.head().kind());
        assertEquals(0.5, planned.head().ratio().getAsDouble());
    }

    @Test
    void aFlatGraphIsPutBackIntoItsLayers() {
        Model layered = model("gemma2", 8, "select-layers{layers=[4, 5]},schedule{kind=constant, ratio=0.5},convert-to-mod");
        Model flat = Pipeline.parse(BuiltinPasses.LOWERING, PASSES).run(layered, PassContext.builder().build(), Pipeline.Listener.NONE);
        Chart chart = Pictures.of(flat).chart();
        int layers = cards(flat).size() + rows(flat).stream().mapToInt(r -> r.head().title().matches("layer \\d+") ? 1 : 3).sum();
        assertEquals(8, layers);
        assertEquals(2, cards(flat).stream().filter(c -> c.head().kind() == Chart.Kind.MOD).count()
                + rows(flat).stream().filter(r -> r.head().kind() == Chart.Kind.MOD).count());
        List<String> outside = chart.items().stream().filter(Chart.Op.class::isInstance).map(i -> ((Chart.Op) i).title()).toList();
        assertTrue(outside.contains("embedding") && outside.contains("softcap") && outside.size() < 10, outside::toString);
        for (Chart.Card card : cards(flat)) {
            assertTrue(card.body().items().stream().anyMatch(i -> i instanceof Chart.Op o && o.title().equals("attention")), card.head().title());
        }
    }

    @Test
    void weightsAndWidelyUsedValuesAreNamedInTheBoxesOfTheirUsers() {
        Chart chart = Pictures.of(graph("""
                graph(%x: f32[tokens, 4], %rows: rows[tokens], %cache: cache<1x4>) {
                  %w = weight slice(@checkpoint:"model.layers.0.self_attn.qkv_proj.weight" : bf16[8, 4], axis=0, begin=0, end=4) : bf16[4, 4]
                  %q = linear(%x, %w) : f32[tokens, 4]
                  %a, %c = attention{heads=1, kvHeads=1, headDim=4, scale=0.5, softcap=0.0, window=7}(%q, %q, %q, %rows, %rows, %cache) : f32[tokens, 4], cache<1x4>
                  yield %a, %c
                }
                """)).chart();
        assertEquals(List.of("x", "linear", "attention", "a"), chart.items().stream().map(i -> switch (i) {
            case Chart.Port p -> p.name();
            case Chart.Op o -> o.title();
            default -> "";
        }).toList());
        assertEquals(List.of("qkv_proj[0:4] 4×4 bf16"), ((Chart.Op) chart.items().get(1)).details());
        assertEquals(List.of("1 head of 4, 1 KV, window 7", "with rows, cache"), ((Chart.Op) chart.items().get(2)).details());
        assertEquals(3, chart.links().size(), "q is one link, whatever it is used for");
    }

    @Test
    void namesAreEscaped() throws Exception {
        Model model = model("llama", 2, "");
        Document svg = parse(GraphSvg.of(model));
        assertTrue(texts(svg).contains("a <model> & \"more\""), () -> texts(svg).toString());
        String dot = GraphDot.of(model);
        assertTrue(dot.contains("digraph \"a <model> & \\\"more\\\"\" {"), dot);
        assertEquals("\"\\\"\\\\ \\n x é😀 \"", GraphDot.quote("\"\\ \n\tx é😀\ud800"));
    }

    @Test
    void boxesAreWideEnoughAndInsideThePicture() throws Exception {
        for (String type : List.of("llama", "qwen3", "gemma3_text", "phi3")) {
            Document svg = parse(GraphSvg.of(model(type, 3, "select-layers{layers=[1]},schedule{kind=constant, ratio=0.5},convert-to-mod")));
            Element root = svg.getDocumentElement();
            double width = Double.parseDouble(root.getAttribute("width"));
            double height = Double.parseDouble(root.getAttribute("height"));
            NodeList rects = svg.getElementsByTagName("rect");
            for (int i = 0; i < rects.getLength(); i++) {
                var r = (Element) rects.item(i);
                assertTrue(number(r, "x") >= 0 && number(r, "x") + number(r, "width") <= width && number(r, "y") + number(r, "height") <= height, type);
            }
            assertFalse(GraphSvg.of(model(type, 1, "")).contains("NaN"));
        }
    }

    @Test
    void everyNodeAndEdgeOfADotTextIsDefined() {
        String dot = GraphDot.of(model("llama", 4, "schedule,convert-to-mod," + BuiltinPasses.LOWERING));
        var names = dot.lines().map(String::strip).filter(l -> l.matches("n\\w+ \\[.*")).map(l -> l.substring(0, l.indexOf(' '))).toList();
        assertEquals(names.size(), names.stream().distinct().count());
        dot.lines().map(String::strip).filter(l -> l.contains(" -> ") && !l.contains("label=")).forEach(l -> {
            assertTrue(names.contains(l.substring(0, l.indexOf(' '))), l);
            assertTrue(names.contains(l.substring(l.indexOf("-> ") + 3, l.indexOf(" ["))), l);
        });
        assertEquals(dot.chars().filter(c -> c == '{').count(), dot.chars().filter(c -> c == '}').count());
    }

    @Test
    void aGraphTooLargeToLookAtIsRefused() {
        var text = new StringBuilder("graph(%x0: f32[tokens, 4]) {\n");
        for (int i = 0; i <= Pictures.MOST_OPS; i++) {
            text.append("  %x").append(i + 1).append(" = silu(%x").append(i).append(") : f32[tokens, 4]\n");
        }
        Model model = graph(text + "  yield %x1\n}\n");
        assertTrue(assertThrows(InputException.class, () -> GraphSvg.of(model)).getMessage().contains("draw the model before lower-mod"));
    }

    @Test
    void manyLayersStayReadable() {
        List<Chart.Row> rows = rows(model("llama", 300, "schedule,convert-to-mod"));
        assertTrue(rows.size() > 100 && rows.size() <= Rows.MOST + 2, () -> rows.size() + " rows");
        assertTrue(rows.stream().anyMatch(r -> r.head().title().contains("–")), "equal layers are one row");
    }

    @Test
    void anEmptyGraphIsDrawn() throws Exception {
        parse(GraphSvg.of(graph("graph() {\n  yield\n}\n")));
        assertEquals(ModelInfo.NONE, graph("graph() { yield }").info());
    }

    @Test
    void thePictureInTheDocumentationIsCurrent() throws IOException {
        Path picture = repository("docs/images/graph-stories260k.svg");
        String now;
        try (Checkpoint checkpoint = Checkpoint.open(repository("samples/checkpoints/stories260k"))) {
            now = GraphSvg.of(Pipeline.parse("schedule,convert-to-mod", PASSES).run(Importer.load(checkpoint), PassContext.builder().build(), Pipeline.Listener.NONE));
        }
        if (Boolean.getBoolean("depthc.bless")) {
            Files.writeString(picture, now);
        }
        assertEquals(now, Files.readString(picture), "the picture is not as it is drawn now; CONTRIBUTING.md says how to write it anew");
    }
}
