// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.github.depthc.cli.plan.PlanReport;
import io.github.depthc.cli.report.ReportFacts.Routers;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.builtin.allocate.AllocationTrace;
import io.github.depthc.passes.builtin.allocate.Answer;
import io.github.depthc.passes.builtin.allocate.BudgetOf;
import io.github.depthc.passes.builtin.allocate.Observed;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlReportTest {
    private static final Pattern SCRIPT = Pattern.compile("<script([^>]*)>(.*?)</script>", Pattern.DOTALL);
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
                Optional.empty(), Measured.not(HOSTILE));
        String html = HtmlReport.render(SamplePlans.named(HOSTILE), facts);
        assertEquals(3, count(html, "<script"), "the data and two scripts");
        assertFalse(html.contains("<img") || html.contains("alert(1)</"), "markup from outside");
        Document page = parse(html);
        assertEquals(HOSTILE, elements(page, "h1").getFirst().getTextContent());
        assertEquals(2, elements(page, "code").stream().filter(c -> c.getTextContent().equals(HOSTILE)).count());
        assertTrue(elements(page, "li").stream().anyMatch(l -> l.getTextContent().equals(HOSTILE)));
    }

    @Test
    void nothingIsLoadedFromElsewhere() throws Exception {
        String html = HtmlReport.render(SamplePlans.vicuna(), facts(Routers.NONE));
        assertTrue(html.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"));
        assertFalse(SCRIPT.matcher(html).replaceAll("").contains("://"));
        for (Element e : elements(parse(html), "*")) {
            assertFalse(e.hasAttribute("src") || e.hasAttribute("href") || List.of("script", "link", "iframe").contains(e.getTagName()), e.getTagName());
        }
    }

    @Test
    void thePolicyNamesTheScripts() throws Exception {
        String html = HtmlReport.render(SamplePlans.stories(), facts(Routers.NONE));
        List<String> expected = scripts(html).stream().map(HtmlReportTest::hash).map(h -> "'sha256-" + h + "'").toList();
        assertEquals(2, expected.size());
        Matcher policy = Pattern.compile("script-src ([^;]*);").matcher(html);
        assertTrue(policy.find());
        assertEquals(expected, List.of(policy.group(1).split(" ")));
        String library = scripts(html).getFirst();
        assertTrue(library.contains("Chart.js Contributors") && library.contains("Permission is hereby granted"), "the licence goes with the library");
        assertFalse(html.contains("sourceMappingURL"));
    }

    @Test
    void noTextEndsTheData() throws Exception {
        var data = JsonNodeFactory.instance.objectNode().put("tip", "</script><!-- & \u2028 \ud800");
        String element = Scripts.elements(List.of(), data);
        assertEquals(1, count(element, "</script>"));
        assertFalse(element.contains("<!--") || element.contains("\u2028") || element.contains("\ud800"));
        assertEquals(data, new ObjectMapper().readTree(element.replaceAll("<[^>]*>", "")));
    }

    @Test
    void theDataIsThePlan() throws Exception {
        JsonNode data = data(HtmlReport.render(SamplePlans.stories(), facts(Routers.NONE)));
        assertEquals(List.of("dense", "dense", "mod", "mod", "mod"), data.at("/layers/layers").findValuesAsText("kind"));
        // 2 + trunc(510 · 0.15) of 512 tokens
        assertEquals(78.0 / 512, data.at("/layers/layers/3/share").doubleValue());
        assertEquals("Mixture-of-Depths, ratio 0.1500, 78 of 512 tokens (15.2%)", data.at("/layers/layers/3/tip").textValue());
        assertEquals(List.of("61.7%", "46.0%", "56.1%"), data.at("/totals/bars").findValuesAsText("text"));
        assertEquals("KiB", data.at("/kv/unit").textValue());
        assertEquals(19.5, data.at("/kv/plan/3").doubleValue());
        assertEquals(128, data.at("/kv/dense/3").doubleValue());
        assertEquals(7.07 + 0.79, data.at("/flops/plan/3").doubleValue(), 0.01);
        assertEquals(5, data.at("/flops/dense").size());
        for (String none : List.of("arank", "tried", "kept", "time")) {
            assertFalse(data.has(none), none);
        }
        assertEquals(32, data(HtmlReport.render(SamplePlans.vicuna(), facts(Routers.NONE))).at("/arank/values").size());
        assertEquals(List.of("layers"), names(data(HtmlReport.render(SamplePlans.dense(), facts(Routers.NONE)))));
    }

    /** A part of the data without a canvas would stop the script; a canvas without data would stay empty. */
    @Test
    void everyPartOfTheDataHasACanvas() throws Exception {
        for (PlanReport plan : List.of(SamplePlans.stories(), SamplePlans.vicuna(), SamplePlans.dense(), SamplePlans.thresholds(24), SamplePlans.layers(1), SamplePlans.layers(800))) {
            for (ReportFacts facts : List.of(facts(Routers.NONE), observed(facts(Routers.NONE)))) {
                String html = HtmlReport.render(plan, facts);
                List<Element> canvases = elements(parse(html), "canvas");
                assertEquals(names(data(html)).stream().map(n -> "chart-" + n).sorted().toList(), canvases.stream().map(c -> c.getAttribute("id")).sorted().toList());
                assertTrue(canvases.stream().allMatch(c -> c.getAttribute("role").equals("img") && !c.getAttribute("aria-label").isEmpty()));
            }
        }
    }

    @Test
    void whatWasSeenIsDrawnAndInTables() throws Exception {
        String html = HtmlReport.render(SamplePlans.stories(), observed(facts(Routers.NONE)));
        assertFalse(html.contains("Not shown"));
        assertTrue(html.contains("median of 15 runs on the machine that converted (Some processor, 2 cores)"));
        assertTrue(html.contains("A cell stands for 2 positions."));
        JsonNode data = data(html);
        assertEquals(0.333, data.at("/kept/layers/1/shares/1").doubleValue());
        assertEquals("ms", data.at("/time/unit").textValue());
        assertEquals(List.of("0", "1–4"), texts(data.at("/time/labels")));
        assertEquals(3, data.at("/time/plan/1").doubleValue(), 1e-9);
        assertEquals("55.6%", data.at("/totals/bars/3/text").textValue());
        Document page = parse(html);
        assertEquals(List.of("Layer", "0–1", "2–3", "4"), rows(page, 1).getFirst());
        assertEquals(List.of("1", "100", "33", "50"), rows(page, 1).get(2));
        assertEquals(List.of("1–4", "3.00", "7.00", "42.9%"), rows(page, 2).get(2));
        assertEquals(List.of("All", "5.00", "9.00", "55.6%"), rows(page, 2).get(3));
    }

    @Test
    void whyNothingWasSeenIsSaid() {
        assertTrue(HtmlReport.render(SamplePlans.stories(), facts(Routers.NONE)).contains("Not shown: no text was read."));
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
                routers, f.remarks(), Optional.of("NLL 1.234 against 1.200 dense, 2,000 tokens."), Optional.empty(), f.measured()));
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
        JsonNode tried = data(html).get("tried");
        assertEquals(6, tried.get("points").size());
        assertEquals("layer 1 keeps 43.2%, layer 3 keeps 0.0%: KL 0.0500 at 70.0%", tried.at("/chosen/0/tip").textValue());
        // Nothing costs less than the choice; a layer alone at 90 % that changes nothing beats the other at 90 %, and all at 80 % with 0.2.
        assertEquals(List.of(0.9, 0.82, 0.72, 0.7), tried.get("front").findValues("share").stream().map(JsonNode::doubleValue).toList());
        assertEquals("KL(dense ‖ converted), nats", tried.get("y").textValue());
        assertTrue(html.contains("Chosen: KL 0.0500 nats at 70.0%."), "in the caption, with its unit");
        assertEquals(1e-4, tried.get("low").doubleValue(), 1e-12);
        assertEquals(1, tried.get("high").doubleValue());
        assertEquals(List.of("layer 1 keeps 43.2%, layer 3 keeps 0.0%", "70.0%", "0.0500", "chosen"), rows(page, 1).get(6));
        List<List<String>> rows = rows(page, 2);
        assertEquals(List.of("Layer", "Chosen ratio", "Keys and values of skipped tokens", "0.5", "0"), rows.get(0));
        assertEquals(List.of("1", "0.4321", "kept", "0.0100", "0.2000"), rows.get(1));
        assertEquals(List.of("3", "0.0000", "kept", "<1e-6", "0.0003"), rows.get(2));
    }

    @Test
    void partsThatAreSkippedAreTold() throws Exception {
        var attention = new AllocationTrace.Setting(1, 0.5, Routing.SkippedKv.DROP, Routing.Part.ATTENTION);
        var mlp = new AllocationTrace.Setting(1, 0.5, Routing.SkippedKv.KEEP, Routing.Part.MLP);
        var chosen = new AllocationTrace.Setting(3, 0.25, Routing.SkippedKv.DROP, Routing.Part.ATTENTION);
        var trace = new AllocationTrace(0.7, BudgetOf.FLOPS, Answer.NEXT_TOKEN, 3, List.of(tried(0.9, 0.01, attention), tried(0.8, 0.2, mlp), tried(0.7, 0.05, mlp, chosen)));
        Document page = parse(HtmlReport.render(SamplePlans.stories(), measured(trace)));
        assertEquals(List.of("layer 1 keeps 50.0% in the MLP, layer 3 keeps 25.0% in attention and drops keys and values", "70.0%", "0.0500", "chosen"), rows(page, 1).getLast());
        List<List<String>> rows = rows(page, 2);
        assertEquals(List.of("Layer", "Chosen ratio", "Skipped part", "Keys and values of skipped tokens", "0.5attentiondropped", "0.5MLPkept"), rows.get(0));
        assertEquals(List.of("1", "0.5000", "MLP", "kept", "0.0100", "0.2000"), rows.get(1));
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
                f.allocation(), f.measured());
        assertFalse(Pattern.compile("<dt>Date|20\\d\\d-\\d\\d").matcher(SCRIPT.matcher(HtmlReport.render(SamplePlans.vicuna(), undated)).replaceAll("")).find());
    }

    @Test
    void manyLayersAreWrittenQuickly() {
        PlanReport plan = SamplePlans.layers(800);
        assertTimeout(Duration.ofSeconds(5), () -> assertEquals(800, rows(parse(HtmlReport.render(plan, facts(Routers.NONE))), 1).size() - 4));
    }

    private static ReportFacts facts(Routers routers) {
        return new ReportFacts("0.1.0", "./depthc convert samples/checkpoints/stories260k -o out/stories260k",
                "./depthc run out/stories260k --prompt \"Once upon a time\"", "2026-01-02 03:04 UTC", "source", routers, List.of(), Optional.empty(),
                Optional.empty(), Measured.not("no text was read."));
    }

    /** Layers 1 to 4 together; positions two by two. */
    private static ReportFacts observed(ReportFacts f) {
        var kept = new Observed.Kept(3, 5, 2, List.of(new Observed.LayerKept(0, List.of(1.0, 1.0, 1.0)), new Observed.LayerKept(1, List.of(1.0, 1 / 3.0, 0.5))));
        var times = new Observed.Times(4, 15, List.of(new Observed.PartTime(0, 0, 0.002, 0.002), new Observed.PartTime(1, 4, 0.003, 0.007)));
        return new ReportFacts(f.version(), f.command(), f.runCommand(), f.timestamp(), f.weights(), f.routers(), f.remarks(), f.quality(), f.allocation(),
                Measured.on("Some processor, 2 cores", new Observed(kept, times)));
    }

    private static ReportFacts measured(AllocationTrace trace) {
        ReportFacts f = facts(Routers.NONE);
        return new ReportFacts(f.version(), f.command(), f.runCommand(), f.timestamp(), f.weights(), f.routers(), f.remarks(), f.quality(), Optional.of(trace), f.measured());
    }

    private static AllocationTrace.Tried tried(double share, double kl, AllocationTrace.Setting... layers) {
        return new AllocationTrace.Tried(List.of(layers), share, kl);
    }

    private static AllocationTrace.Setting keeps(int layer, double ratio) {
        return new AllocationTrace.Setting(layer, ratio, Routing.SkippedKv.KEEP, Routing.Part.LAYER);
    }

    /** The page without its scripts read as XML: it is written so that only the doctype and the void elements are not XML. */
    private static Document parse(String html) throws Exception {
        String xml = SCRIPT.matcher(html).replaceAll("").replace("<!DOCTYPE html>", "").replaceAll("<meta ([^>]*)>", "<meta $1/>").replace("<br>", "<br/>").strip();
        var builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        builder.setErrorHandler(null);
        return builder.parse(new InputSource(new StringReader(xml)));
    }

    private static List<Element> elements(Document document, String tag) {
        NodeList found = document.getElementsByTagName(tag);
        return IntStream.range(0, found.getLength()).mapToObj(found::item).map(Element.class::cast).toList();
    }

    /** What is in the page's script elements, but for the data. */
    private static List<String> scripts(String html) {
        return SCRIPT.matcher(html).results().filter(m -> m.group(1).isEmpty()).map(m -> m.group(2)).toList();
    }

    private static JsonNode data(String html) throws IOException {
        String json = SCRIPT.matcher(html).results().filter(m -> m.group(1).equals(" type=\"application/json\" id=\"data\"")).map(m -> m.group(2)).toList().getFirst();
        return new ObjectMapper().readTree(json);
    }

    private static List<String> names(JsonNode data) {
        var names = new ArrayList<String>();
        data.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static List<String> texts(JsonNode array) {
        return IntStream.range(0, array.size()).mapToObj(i -> array.get(i).textValue()).toList();
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }

    private static String hash(String text) {
        try {
            return Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<List<String>> rows(Document page, int table) {
        return cells(page, table).stream().map(r -> r.stream().map(c -> c.getTextContent().strip()).toList()).toList();
    }

    private static List<List<Element>> cells(Document page, int table) {
        Element found = elements(page, "table").get(table);
        return elements(page, "tr").stream().filter(r -> r.getParentNode().getParentNode() == found)
                .map(r -> IntStream.range(0, r.getChildNodes().getLength()).mapToObj(r.getChildNodes()::item)
                        .filter(Element.class::isInstance).map(Element.class::cast).toList())
                .toList();
    }
}
