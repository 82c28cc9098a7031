// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.cli.plan.PlanReport;
import java.io.StringReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class PlanSvgTest {
    private static final String HOSTILE = "</text><script>alert('x')</script> & \"q\" \u0000\u001b\u202e\ud800\uffff 名前";

    @ParameterizedTest
    @MethodSource("plans")
    void wellFormedAndSelfContained(PlanReport plan) throws Exception {
        String svg = PlanSvg.of(plan);
        Document document = parse(svg);
        assertEquals("http://www.w3.org/2000/svg", document.getDocumentElement().getNamespaceURI());
        assertEquals(0, document.getElementsByTagName("script").getLength());
        for (Element e : elements(document, "*")) {
            assertFalse(e.hasAttribute("href") || e.hasAttribute("src") || e.hasAttribute("style"), e.getTagName());
        }
        assertFalse(svg.replace("xmlns=\"http://www.w3.org/2000/svg\"", "").contains("://"), "refers to another place");
        assertFalse(svg.contains("@import") || svg.contains("@font-face"));
        assertFalse(svg.contains("NaN") || svg.contains("Infinity"));
    }

    static Stream<PlanReport> plans() {
        return Stream.concat(Stream.of(SamplePlans.stories(), SamplePlans.vicuna(), SamplePlans.dense(), SamplePlans.thresholds(24),
                SamplePlans.named(HOSTILE), SamplePlans.named("")),
                IntStream.of(1, 2, 7, 8, 80, 155, 156, 157, 800, 3000).mapToObj(SamplePlans::layers));
    }

    @Test
    void barsAreAsHighAsTheShareProcessed() throws Exception {
        List<Element> bars = bars(parse(PlanSvg.of(SamplePlans.stories())));
        assertEquals(List.of("dense", "dense", "mod", "mod", "mod"), bars.stream().map(b -> b.getAttribute("class")).toList());
        double full = number(bars.get(0), "height");
        // 2 + trunc(510 · 0.5) and 2 + trunc(510 · 0.15) of 512 tokens
        assertEquals(257.0 / 512, number(bars.get(2), "height") / full, 1e-4);
        assertEquals(78.0 / 512, number(bars.get(3), "height") / full, 1e-4);
        assertEquals("Layer 3: Mixture-of-Depths, ratio 0.1500, 78 of 512 tokens (15.2%)", bars.get(3).getTextContent());
        for (Element bar : bars) {
            assertEquals(number(bars.get(0), "y") + full, number(bar, "y") + number(bar, "height"), 0.011, "stands on the axis");
        }
    }

    @ParameterizedTest
    @MethodSource("plans")
    void everyLayerHasABarInsideThePlotLeftToRight(PlanReport plan) throws Exception {
        List<Element> bars = bars(parse(PlanSvg.of(plan)));
        assertEquals(plan.layers().size(), bars.size());
        double end = 0;
        for (Element bar : bars) {
            assertTrue(number(bar, "width") > 0);
            assertTrue(number(bar, "x") >= end - 0.02, "overlaps the bar before");
            end = number(bar, "x") + number(bar, "width");
        }
        assertTrue(end <= PlanSvg.WIDTH - 27);
    }

    @ParameterizedTest
    @MethodSource("plans")
    void layerNumbersDoNotCollideAndTheLastIsNamed(PlanReport plan) throws Exception {
        double y = 0;
        double x = 0;
        String text = "";
        for (Element t : elements(parse(PlanSvg.of(plan)), "text")) {
            if (!t.getAttribute("class").equals("tick mid")) {
                continue;
            }
            if (number(t, "y") == y) {
                assertTrue(number(t, "x") - x >= 22, text + " and " + t.getTextContent());
            }
            y = number(t, "y");
            x = number(t, "x");
            text = t.getTextContent();
        }
        assertEquals(Integer.toString(plan.layers().getLast().index()), text);
    }

    @Test
    void totalsAreThePublishedOnes() throws Exception {
        List<String> texts = elements(parse(PlanSvg.of(SamplePlans.vicuna())), "text").stream().map(Element::getTextContent).toList();
        assertTrue(texts.contains("of dense: 21.94 of 39.48 TFLOP"), texts::toString);
        assertTrue(texts.contains("24 of 32 decoder layers are Mixture-of-Depths · prompt of 2,988 tokens, 2,928 of them may be skipped"), texts::toString);
    }

    @Test
    void thresholdsAreShownAsUpperBounds() throws Exception {
        Document document = parse(PlanSvg.of(SamplePlans.thresholds(4)));
        assertEquals(List.of("dense", "bound", "dense", "bound"), bars(document).stream().map(b -> b.getAttribute("class")).toList());
        List<String> texts = elements(document, "text").stream().map(Element::getTextContent).toList();
        assertTrue(texts.contains("≤ 100.0%"), texts::toString);
    }

    @Test
    void attentionRanksAreDrawnWhereMeasured() throws Exception {
        assertEquals(32, elements(parse(PlanSvg.of(SamplePlans.vicuna())), "circle").size());
        assertEquals(0, elements(parse(PlanSvg.of(SamplePlans.stories())), "circle").size());
        assertFalse(PlanSvg.of(SamplePlans.stories()).contains("ARank"));
    }

    @Test
    void hostileNameIsText() throws Exception {
        Document document = parse(PlanSvg.of(SamplePlans.named(HOSTILE)));
        String title = elements(document, "title").getFirst().getTextContent();
        assertEquals("Mixture-of-Depths plan of </text><script>alert('x')</script> & \"q\" \ufffd\ufffd\ufffd\ufffd\ufffd 名前", title);
    }

    @Test
    void longNameIsCut() throws Exception {
        Document document = parse(PlanSvg.of(SamplePlans.named("m".repeat(300))));
        assertEquals("m".repeat(63) + "…", elements(document, "text").getFirst().getTextContent());
        assertTrue(elements(document, "title").getFirst().getTextContent().endsWith("m".repeat(300)));
    }

    @Test
    void describedForReadersWhoDoNotSeeIt() throws Exception {
        Document document = parse(PlanSvg.of(SamplePlans.stories()));
        assertEquals("img", document.getDocumentElement().getAttribute("role"));
        assertEquals("Bar chart of 5 decoder layers. Mixture-of-Depths: layers 2–4, which process 15% to 50% of the prompt's tokens. "
                + "All others are dense. 61.7% of the dense FLOPs, 56.1% of the dense KV cache.",
                elements(document, "desc").getFirst().getTextContent());
    }

    @Test
    void manyLayersAreDrawnQuickly() {
        PlanReport plan = SamplePlans.layers(800);
        assertTimeout(Duration.ofSeconds(5), () -> assertTrue(PlanSvg.of(plan).length() < 400_000));
    }

    @Test
    void sameTextInAnyLocale() {
        String expected = PlanSvg.of(SamplePlans.vicuna());
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            assertEquals(expected, PlanSvg.of(SamplePlans.vicuna()));
        } finally {
            Locale.setDefault(before);
        }
    }

    static Document parse(String xml) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        var builder = factory.newDocumentBuilder();
        builder.setErrorHandler(null);
        return builder.parse(new InputSource(new StringReader(xml)));
    }

    static List<Element> elements(Document document, String tag) {
        NodeList found = document.getElementsByTagName(tag);
        var list = new ArrayList<Element>();
        for (int i = 0; i < found.getLength(); i++) {
            list.add((Element) found.item(i));
        }
        return list;
    }

    /** Of each layer, what it processes: the rectangles with a tooltip, without the tokens skipped. */
    private static List<Element> bars(Document document) {
        return elements(document, "rect").stream().filter(r -> r.getTextContent().startsWith("Layer "))
                .filter(r -> !r.getAttribute("class").equals("skipped")).toList();
    }

    private static double number(Element element, String attribute) {
        return Double.parseDouble(element.getAttribute(attribute));
    }
}
