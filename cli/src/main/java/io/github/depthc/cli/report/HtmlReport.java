// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.cli.plan.PlanReport;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.passes.builtin.allocate.AllocationTrace;
import io.github.depthc.passes.builtin.allocate.Answer;
import io.github.depthc.passes.builtin.allocate.BudgetOf;
import java.util.List;

/**
 * The page {@code report.html} of a bundle: what was converted, the plan in charts and in numbers, and what they mean.
 * One self-contained file. Its policy forbids any load and any script but the two in it, which draw the charts; without them the
 * tables have every number. The same input gives the same text.
 */
public final class HtmlReport {
    private final PlanReport plan;
    private final ReportFacts facts;
    private final Figures figures;
    private final List<String> scripts = Scripts.texts();
    private final StringBuilder out = new StringBuilder();

    private HtmlReport(PlanReport plan, ReportFacts facts) {
        this.plan = plan;
        this.facts = facts;
        this.figures = new Figures(plan, facts);
    }

    /** The page. */
    public static String render(PlanReport plan, ReportFacts facts) {
        return new HtmlReport(plan, facts).write();
    }

    private String write() {
        open();
        facts();
        out.append("<noscript><p class=\"callout\">The charts on this page need scripts. The tables have every number.</p></noscript>\n");
        out.append("<section id=\"plan\">\n").append(figures.plan()).append("</section>\n");
        heading("Totals");
        out.append(figures.totals());
        out.append(TotalsTable.of(plan));
        meaning();
        remarks();
        allocation();
        if (plan.modLayers() > 0) {
            heading("Which tokens are kept");
            out.append(figures.kept());
            heading("What each layer costs");
            out.append(figures.costs());
        }
        heading("Run it");
        command(facts.runCommand());
        heading("Layer by layer");
        out.append(LayerTable.of(plan));
        heading("Made by");
        command(facts.command());
        return out.append("</main>\n").append(Scripts.elements(scripts, ChartData.of(plan, facts))).append("</body>\n</html>\n").toString();
    }

    private void open() {
        out.append("""
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                """);
        out.append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; ").append(Scripts.policy(scripts))
                .append("; base-uri 'none'; form-action 'none'\">\n");
        String name = Markup.escape(plan.info().name());
        out.append("<title>").append(name).append(" · depthc report</title>\n<style>").append(Styles.PAGE).append("</style>\n<noscript><style>.plot { display: none }</style></noscript>\n</head>\n<body>\n<main>\n");
        out.append("<p class=\"eyebrow\">depthc conversion report</p>\n<h1>").append(name).append("</h1>\n");
        out.append("<p class=\"lead\">").append(Markup.escape(lead())).append("</p>\n");
    }

    private String lead() {
        if (plan.modLayers() == 0) {
            return "A dense bundle: every layer processes every token, as in the checkpoint.";
        }
        String layers = plan.layers().size() + (plan.layers().size() == 1 ? " decoder layer" : " decoder layers");
        boolean one = plan.modLayers() == 1;
        return plan.modLayers() + " of " + layers + (one ? " is a Mixture-of-Depths layer and " : " are Mixture-of-Depths layers and ")
                + Shares.range(plan, one) + ".";
    }

    private void facts() {
        ModelInfo m = plan.info();
        out.append("<dl class=\"card\">\n");
        fact("Architecture", m.architecture());
        fact("Shape", Scale.count(m.layers()) + (m.layers() == 1 ? " layer" : " layers") + " · hidden " + Scale.count(m.hidden()) + " · "
                + Scale.count(m.heads()) + (m.heads() == 1 ? " head" : " heads") + " of " + Scale.count(m.headDim()) + ", "
                + Scale.count(m.kvHeads()) + " for keys and values · MLP " + Scale.count(m.intermediate()) + " · vocabulary "
                + Scale.count(m.vocab()) + " · context " + Scale.count(m.context()));
        fact("Weights", facts.weights());
        fact("Made with", "depthc " + facts.version());
        if (!facts.timestamp().isEmpty()) {
            fact("Date", facts.timestamp());
        }
        out.append("</dl>\n");
    }

    private void fact(String name, String value) {
        out.append("<dt>").append(name).append("</dt><dd>").append(Markup.escape(value)).append("</dd>\n");
    }

    private void meaning() {
        heading("What this means, and what is not measured");
        quality();
        if (plan.modLayers() > 0) {
            paragraph("A Mixture-of-Depths layer processes part of the prompt's tokens; the rest pass it by unchanged and, unless the "
                    + "routing says that their keys and values are kept, take no room in its KV cache.");
        }
        if (Shares.isBound(plan)) {
            paragraph("Layers with a threshold decide for each token at run time. How many they process is not known beforehand; "
                    + "figures marked ≤ hold if they process all of them.");
        }
        paragraph("FLOPs and bytes on this page are counted from the model's shape for a prompt of " + Scale.count(plan.mix().tokens())
                + (plan.mix().tokens() == 1 ? " token" : " tokens") + (plan.modLayers() == 0 ? "" : ", of which "
                + Scale.count(plan.mix().candidates()) + " may be skipped") + ". Another prompt gives other figures. A FLOP count of the linear "
                + "layers and the LM head, two for each multiply-accumulate, is the convention of the p-MoD paper; the attention scores, "
                + "which grow with the square of the length, are counted beside it.");
        out.append("<p>Not measured here:</p>\n<ul>\n");
        out.append(facts.measured().observed().isEmpty() || plan.modLayers() == 0 ? "<li>Time. Fewer FLOPs do not make a run faster by the same factor: <code>depthc bench</code> measures it.</li>\n"
                : "<li>Time of a whole run. That of the layers is shown below; <code>depthc bench</code> measures the rest.</li>\n");
        out.append("<li>Memory of the whole process. The KV cache is counted at F32; a runtime may reserve more than it fills.</li>\n");
        if (!measured() && plan.modLayers() > 0) {
            out.append("<li>Quality of the text against the dense model.</li>\n");
        }
        out.append("</ul>\n");
    }

    private void quality() {
        if (facts.quality().isPresent()) {
            callout("", facts.quality().get());
        }
        if (plan.modLayers() == 0) {
            paragraph("Nothing is skipped, so nothing is saved and nothing is lost. The bundle is the reference that a Mixture-of-Depths "
                    + "conversion of the same checkpoint is compared with.");
            return;
        }
        facts.allocation().ifPresent(this::chosen);
        boolean measured = measured();
        switch (facts.routers()) {
            case NONE -> unrouted(measured);
            case COMPUTED -> paragraph("Which tokens a layer skips is computed from the prompt at run time"
                    + (measured ? "." : ", and what that costs in quality has not been measured yet."));
            case CALIBRATED -> paragraph("The routers were calibrated on text during the conversion; the model's own weights were not trained for "
                    + "skipping" + (measured ? "." : ", and what that costs in quality has not been measured yet."));
            case GIVEN -> paragraph("The routers were given with the command. Whether they were made for these weights is not checked"
                    + (measured ? "." : ", and the quality has not been measured yet."));
            case CHECKPOINT -> paragraph("The checkpoint was trained with Mixture-of-Depths. Its layers, ratios, gates and routers are kept as they "
                    + "are, so the conversion itself changes no more than rounding does.");
        }
    }

    private boolean measured() {
        return facts.quality().isPresent() || facts.allocation().isPresent();
    }

    private void chosen(AllocationTrace trace) {
        callout("", "The ratios were chosen by what they do to the model's answers: " + trace.answer().mean() + " is "
                + trace.answer().withUnit(Losses.number(trace.chosen().loss())) + " at " + Scale.percent(trace.chosen().share(), 1, 1) + " of the dense " + trace.of().brief() + ", measured on "
                + Scale.count(trace.samples()) + (trace.samples() == 1 ? " calibration prompt" : " calibration prompts") + ".");
        paragraph("They were chosen on those prompts, so that on other text it may be more" + (trace.answer() == Answer.NEXT_TOKEN ? "; depthc eval measures that"
                : "") + ". The model's own weights are as they "
                + "were.");
    }

    private void unrouted(boolean measured) {
        String chosen = "It has no routers: which tokens a layer skips does not depend on what they say.";
        if (facts.allocation().isPresent()) {
            paragraph(chosen);
            return;
        }
        callout("warn", "This conversion is not calibrated. " + chosen + " That costs quality"
                + (measured ? "." : ", and how much has not been measured yet. Do not rely on its text; use it to measure speed and memory, "
                        + "or give routers or calibration text to convert."));
    }

    private void allocation() {
        facts.allocation().ifPresent(trace -> {
            heading("How the ratios were chosen");
            paragraph(Scale.count(trace.tried().size()) + " combinations were measured on " + Scale.count(trace.samples())
                    + (trace.samples() == 1 ? " calibration prompt" : " calibration prompts") + " until " + Scale.percent(trace.budget(), 1, 1)
                    + " of the dense " + trace.of().brief() + (trace.of() == BudgetOf.FLOPS ? " were" : " was") + " left. " + counted(trace.of()));
            out.append(figures.tried(trace));
            heading("What each layer does alone, and what was chosen");
            out.append(ChosenTable.of(trace));
        });
    }

    private static String counted(BudgetOf of) {
        return switch (of) {
            case FLOPS -> "Here FLOPs are those of a calibration prompt as it is run: attention scores are included, and the last layer computes no more than the "
                    + "last token needs. The totals above count otherwise.";
            case KV -> "That counts keys and values behind a calibration prompt of the mean length.";
            case TIME -> "That counts the layers' time to process a calibration prompt, the median of several runs on the machine that converted; of a ratio between "
                    + "two that were timed, the time between theirs. On another machine it may be another share.";
        };
    }

    private void remarks() {
        if (facts.remarks().isEmpty()) {
            return;
        }
        heading("Remarks");
        out.append("<ul>\n");
        facts.remarks().forEach(r -> out.append("<li>").append(Markup.escape(r)).append("</li>\n"));
        out.append("</ul>\n");
    }

    private void heading(String text) {
        out.append("<h2>").append(Markup.escape(text)).append("</h2>\n");
    }

    private void paragraph(String text) {
        out.append("<p>").append(Markup.escape(text)).append("</p>\n");
    }

    private void callout(String style, String text) {
        out.append("<div class=\"callout").append(style.isEmpty() ? "" : " " + style).append("\"><p>").append(Markup.escape(text)).append("</p></div>\n");
    }

    private void command(String line) {
        out.append("<pre><code>").append(Markup.escape(line)).append("</code></pre>\n");
    }
}
