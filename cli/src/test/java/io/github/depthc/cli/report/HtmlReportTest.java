// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.cli.plan.PlanReport;
import io.github.depthc.cli.report.ReportFacts.Routers;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.builtin.allocate.AllocationTrace;
import io.github.depthc.passes.builtin.allocate.Answer;
import io.github.depthc.passes.builtin.allocate.BudgetOf;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

class HtmlReportTest {
    private static final String HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror='alert(2)'>";

    @Test
    void tableHasARowForEachLayerAndTotals() throws Exception {
        Document page = parse(HtmlReport.render(SamplePlans.stories(), facts(Routers.NONE)));
        List<List<String>> rows = rows(page, 1);
        assertEquals(List.of("0", "dense", "–", "512", "46.40", "46.40", "33.62", "33.62", "128.0", "128.0"), rows.get(2));
        assertEquals(List.of("3", "MoD", "0.1500", "78", "7.07", "46.40", "0.79", "33.62", "19.5", "128.0"), rows.get(5));
        assertEquals(List.of("LM head", "33.55", "33.55", ""), rows.get(7));
        assertEquals(List.of("Total", "163.78", "265.55", "77.30", "168.10", "359.3", "640.0"), rows.get(8));
        assertEquals(9, rows.size());
        // every row spans the same number of columns
        for (List<Element> row : cells(page, 1).subList(2, 9)) {
            assertEquals(10, row.stream().mapToInt(c -> c.hasAttribute("colspan") ? Integer.parseInt(c.getAttribute("colspan")) : 1).sum());
        }
    }

    @Test
    void totalsUnderBothConventions() throws Exception {
        List<List<String>> rows = rows(parse(HtmlReport.render(SamplePlans.vicuna(), facts(Routers.CHECKPOINT))), 0);
        assertEquals(List.of("FLOPs of the linear layers and the LM head", "21.94TFLOP", "39.48TFLOP", "55.6%"), rows.get(1));
        assertEquals(List.of("FLOPs of the attention scores", "0.96TFLOP", "2.34TFLOP", "41.0%"), rows.get(2));
        assertEquals(List.of("FLOPs, both together", "22.90TFLOP", "41.83TFLOP", "54.8%"), rows.get(3));
        assertEquals(List.of("KV cache, F32", "1.60GiB", "2.92GiB", "54.7%"), rows.get(4));
    }

    @Test
    void hostileTextStaysText() throws Exception {
        var facts = new ReportFacts(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, Routers.NONE, List.of(HOSTILE), Optional.of(HOSTILE),
                Optional.empty());
        String html = HtmlReport.render(SamplePlans.named(HOSTILE), facts);
        assertFalse(html.contains("<script") || html.contains("<img"), "markup from outside");
        Document page = parse(html);
        assertEquals(HOSTILE, PlanSvgTest.elements(page, "h1").getFirst().getTextContent());
        assertEquals(2, PlanSvgTest.elements(page, "code").stream().filter(c -> c.getTextContent().equals(HOSTILE)).count());
        assertTrue(PlanSvgTest.elements(page, "li").stream().anyMatch(l -> l.getTextContent().equals(HOSTILE)));
    }

    @Test
    void nothingIsLoadedFromElsewhere() throws Exception {
        String html = HtmlReport.render(SamplePlans.vicuna(), facts(Routers.NONE));
        assertTrue(html.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
        assertFalse(html.replace("http://www.w3.org/2000/svg", "").contains("://"));
        for (Element e : PlanSvgTest.elements(parse(html), "*")) {
            assertFalse(e.hasAttribute("src") || e.hasAttribute("href") || List.of("script", "link", "iframe").contains(e.getTagName()), e.getTagName());
        }
    }

    @Test
    void plainConversionSaysThatQualityIsNotMeasured() {
        String html = HtmlReport.render(SamplePlans.stories(), facts(Routers.NONE));
        assertTrue(html.contains("This conversion is not calibrated."));
        assertTrue(html.contains("how much has not been measured yet"));
        assertTrue(html.contains("<li>Quality of the text against the dense model.</li>"));
    }

    @ParameterizedTest
    @EnumSource(Routers.class)
    void measuredQualityIsNotCalledUnmeasured(Routers routers) {
        ReportFacts f = facts(routers);
        String html = HtmlReport.render(SamplePlans.stories(), new ReportFacts(f.version(), f.command(), f.runCommand(), f.timestamp(), f.weights(),
                routers, f.remarks(), Optional.of("NLL 1.234 against 1.200 dense, 2,000 tokens."), Optional.empty()));
        assertTrue(html.contains("NLL 1.234 against 1.200 dense, 2,000 tokens."));
        assertFalse(html.contains("not been measured yet"));
        assertFalse(html.contains("<li>Quality"));
    }

    @Test
    void whatWasMeasuredIsSaidAndDrawn() throws Exception {
        var trace = new AllocationTrace(0.7, BudgetOf.FLOPS, Answer.NEXT_TOKEN, 3, List.of(tried(0.9, 0.01, keeps(1, 0.5)), tried(0.8, 0.2, keeps(1, 0.0)), tried(0.9, 0, keeps(3, 0.5)),
                tried(0.82, 0.0003, keeps(3, 0.0)), tried(0.72, 0.02, keeps(1, 0.5), keeps(3, 0.0)), tried(0.7, 0.05, keeps(1, 0.4321), keeps(3, 0.0))));
        String html = HtmlReport.render(SamplePlans.stories(), measured(trace));
        assertTrue(html.contains("mean KL(dense ‖ converted) of the next token is 0.0500 nats at 70.0% of the dense FLOPs, measured on 3 calibration prompts."));
        assertFalse(html.contains("not calibrated") || html.contains("not been measured") || html.contains("<li>Quality"));
        Document page = parse(html);
        List<Element> dots = PlanSvgTest.elements(page, "circle").stream().filter(c -> c.getTextContent().contains("KL")).toList();
        assertEquals(6, dots.size());
        assertEquals("Chosen: layer 1 keeps 43.2%, layer 3 keeps 0.0%: KL 0.0500 at 70.0%", dots.getLast().getTextContent());
        // Nothing costs less than the choice; a layer alone at 90 % that changes nothing beats the other at 90 %, and all at 80 % with 0.2.
        Element front = PlanSvgTest.elements(page, "path").stream().filter(p -> p.getAttribute("class").equals("front")).toList().getLast();
        assertEquals(4, front.getAttribute("d").split("[ML]").length - 1);
        List<List<String>> rows = rows(page, 1);
        assertEquals(List.of("Layer", "Chosen ratio", "Keys and values of skipped tokens", "0.5", "0"), rows.get(0));
        assertEquals(List.of("1", "0.4321", "kept", "0.0100", "0.2000"), rows.get(1));
        assertEquals(List.of("3", "0.0000", "kept", "<1e-6", "0.0003"), rows.get(2));
    }

    @ParameterizedTest
    @EnumSource(Routers.class)
    void denseBundleClaimsAndWarnsNothing(Routers routers) {
        String html = HtmlReport.render(SamplePlans.dense(), facts(routers));
        assertTrue(html.contains("Nothing is skipped"));
        assertFalse(html.contains("class=\"callout warn\""));
    }

    @Test
    void thresholdsAreMarkedAsUpperBounds() throws Exception {
        String html = HtmlReport.render(SamplePlans.thresholds(4), facts(Routers.CHECKPOINT));
        assertTrue(html.contains("figures marked ≤ hold if they process all of them"));
        assertEquals(List.of("1", "MoD", "threshold", "≤ 2,048"), rows(parse(html), 1).get(3).subList(0, 4));
    }

    @Test
    void differentRoutingsGetAColumnAndOneRoutingASentence() throws Exception {
        PlanReport one = SamplePlans.stories();
        assertTrue(HtmlReport.render(one, facts(Routers.NONE)).contains("Routing of all Mixture-of-Depths layers: evenly spaced, gate one."));
        var layers = new ArrayList<>(one.layers());
        layers.set(3, SamplePlans.of(SamplePlans.STORIES, one.mix(), SamplePlans.PRD, Optional.empty(), "top-k, <b>").layers().get(3));
        List<List<String>> rows = rows(parse(HtmlReport.render(new PlanReport(one.info(), one.mix(), layers, one.headFlops()), facts(Routers.GIVEN))), 1);
        assertEquals("Routing", rows.get(0).getLast());
        assertEquals("evenly spaced, gate one", rows.get(4).getLast());
        assertEquals("top-k, <b>", rows.get(5).getLast());
    }

    @Test
    void sameInputSameText() {
        assertEquals(HtmlReport.render(SamplePlans.vicuna(), facts(Routers.NONE)), HtmlReport.render(SamplePlans.vicuna(), facts(Routers.NONE)));
        ReportFacts f = facts(Routers.NONE);
        var undated = new ReportFacts(f.version(), f.command(), f.runCommand(), "", f.weights(), f.routers(), f.remarks(), f.quality(),
                f.allocation());
        assertFalse(Pattern.compile("<dt>Date|20\\d\\d-\\d\\d").matcher(HtmlReport.render(SamplePlans.vicuna(), undated)).find());
    }

    @Test
    void manyLayersAreWrittenQuickly() {
        PlanReport plan = SamplePlans.layers(800);
        assertTimeout(Duration.ofSeconds(5), () -> assertEquals(800, rows(parse(HtmlReport.render(plan, facts(Routers.NONE))), 1).size() - 4));
    }

    private static ReportFacts facts(Routers routers) {
        return new ReportFacts("0.1.0", "./depthc convert samples/checkpoints/stories260k -o out/stories260k",
                "./depthc run out/stories260k --prompt \"Once upon a time\"", "2026-01-02 03:04 UTC", "source", routers, List.of(), Optional.empty(),
                Optional.empty());
    }

    private static ReportFacts measured(AllocationTrace trace) {
        ReportFacts f = facts(Routers.NONE);
        return new ReportFacts(f.version(), f.command(), f.runCommand(), f.timestamp(), f.weights(), f.routers(), f.remarks(), f.quality(), Optional.of(trace));
    }

    private static AllocationTrace.Tried tried(double share, double kl, AllocationTrace.Setting... layers) {
        return new AllocationTrace.Tried(List.of(layers), share, kl);
    }

    private static AllocationTrace.Setting keeps(int layer, double ratio) {
        return new AllocationTrace.Setting(layer, ratio, Routing.SkippedKv.KEEP);
    }

    /** The page read as XML: it is written so that only the doctype and the void elements are not XML. */
    private static Document parse(String html) throws Exception {
        return PlanSvgTest.parse(html.replace("<!DOCTYPE html>", "").replaceAll("<meta ([^>]*)>", "<meta $1/>").replace("<br>", "<br/>").strip());
    }

    private static List<List<String>> rows(Document page, int table) {
        return cells(page, table).stream().map(r -> r.stream().map(c -> c.getTextContent().strip()).toList()).toList();
    }

    private static List<List<Element>> cells(Document page, int table) {
        Element found = PlanSvgTest.elements(page, "table").get(table);
        return PlanSvgTest.elements(page, "tr").stream().filter(r -> r.getParentNode().getParentNode() == found)
                .map(r -> IntStream.range(0, r.getChildNodes().getLength()).mapToObj(r.getChildNodes()::item)
                        .filter(Element.class::isInstance).map(Element.class::cast).toList())
                .toList();
    }
}
