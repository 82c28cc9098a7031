// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import io.github.depthc.cli.console.Bars;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Table;
import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.ModelInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A plan for a terminal: the model, each layer, the totals. */
public final class PlanTable {
    private static final int BAR = 16;

    private final PlanReport plan;
    private final Console console;

    private PlanTable(PlanReport plan, Console console) {
        this.plan = plan;
        this.console = console;
    }

    /** Prints the model's facts, the prompt, the layers and the totals on standard output. */
    public static void print(PlanReport plan, Console console) {
        printModel(plan.info(), console);
        printPlan(plan, console);
    }

    /** Prints what the model is, in two lines. */
    public static void printModel(ModelInfo m, Console console) {
        console.line("Model    " + m.name() + " (" + m.architecture() + "): " + m.layers() + " layers, hidden " + m.hidden() + ", MLP " + m.intermediate());
        console.line("         " + m.heads() + " heads of " + m.headDim() + ", " + m.kvHeads() + " KV heads, vocabulary " + m.vocab() + ", context " + m.context());
    }

    /** Prints the prompt, the layers and the totals. */
    public static void printPlan(PlanReport plan, Console console) {
        var table = new PlanTable(plan, console);
        table.prompt();
        console.line("");
        table.layers();
        console.line("");
        table.totals();
        table.routing();
    }

    private void prompt() {
        long tokens = plan.mix().tokens();
        console.line("Prompt   " + tokens + (tokens == 1 ? " token, " : " tokens, ") + (plan.modLayers() == 0 ? "every one processed by every layer"
                : plan.mix().candidates() == 0 ? "none of which may be skipped without image tokens (--vision-tokens)"
                : plan.mix().candidates() + " of which may be skipped (candidates)"));
        if (tokens > plan.info().context()) {
            console.line("         longer than the model's context of " + plan.info().context() + ": counted, but it would not run");
        }
    }

    private void layers() {
        Units.Scale flops = Units.flopsScale(plan.layers().stream().mapToDouble(LayerPlan::denseFlops).max().orElse(0));
        Units.Scale attention = Units.flopsScale(plan.layers().stream().mapToDouble(LayerPlan::denseAttentionFlops).max().orElse(0));
        Units.Scale kv = Units.bytesScale(plan.layers().stream().mapToLong(LayerPlan::denseKvBytes).max().orElse(0));
        boolean ranked = plan.layers().stream().anyMatch(l -> l.arank().isPresent());
        var table = new Table(2).right("layer").left("kind").right("ratio").right("kept").right(flops.unit()).right("attn " + attention.unit())
                .right("KV " + kv.unit());
        if (ranked) {
            table.right("ARank");
        }
        table.left("FLOPs of dense");
        for (LayerPlan l : plan.layers()) {
            boolean open = l.mod() && l.ratio().isEmpty();
            var cells = new ArrayList<>(List.of(
                    Integer.toString(l.index()),
                    l.mod() ? "MoD" : "dense",
                    l.ratio().isPresent() ? Units.fixed(l.ratio().getAsDouble(), 4) : open ? "by score" : "-",
                    (open ? "≤" : "") + l.kept(),
                    flops.of(l.flops(), 2),
                    attention.of(l.attentionFlops(), 2),
                    kv.of(l.kvBytes(), 2)));
            if (ranked) {
                cells.add(l.arank().isPresent() ? Units.fixed(l.arank().getAsDouble(), 1) : "-");
            }
            double part = l.flops() / l.denseFlops();
            cells.add(Bars.bar(part, BAR, console.unicode()) + " " + (open ? "≤" : "") + Units.percent(part));
            table.row(cells.toArray(String[]::new));
        }
        table.print(console);
    }

    private void totals() {
        boolean mod = plan.modLayers() > 0;
        var table = new Table(2).left("").right("dense");
        if (mod) {
            table.right("MoD").right("of dense");
        }
        total(table, "linear layers and LM head", Units.flops(plan.denseFlops()), Units.flops(plan.flops()), plan.flops() / plan.denseFlops());
        total(table, "attention scores", Units.flops(plan.denseAttentionFlops()), Units.flops(plan.attentionFlops()),
                plan.attentionFlops() / plan.denseAttentionFlops());
        if (plan.denseKvBytes() > 0) { // an encoder has no cache
            total(table, "KV cache (F32)", Units.bytes(plan.denseKvBytes()), Units.bytes(plan.kvBytes()), (double) plan.kvBytes() / plan.denseKvBytes());
        }
        table.print(console);
    }

    private void total(Table table, String what, String dense, String now, double part) {
        if (plan.modLayers() > 0) {
            table.row(what, dense, now, Units.percent(part));
        } else {
            table.row(what, dense);
        }
    }

    private void routing() {
        Map<String, List<Integer>> byRouting = new LinkedHashMap<>();
        plan.layers().stream().filter(LayerPlan::mod).sorted(Comparator.comparingInt(LayerPlan::index))
                .forEach(l -> byRouting.computeIfAbsent(l.routing(), r -> new ArrayList<>()).add(l.index()));
        if (byRouting.isEmpty()) {
            return;
        }
        console.line("");
        byRouting.forEach((routing, layers) -> console.line((layers.size() == 1 ? "Layer " : "Layers ") + LayerRanges.print(layers) + ": " + routing));
        if (plan.layers().stream().anyMatch(l -> l.mod() && l.ratio().isEmpty())) {
            console.line("How many tokens a layer keeps by score depends on the text; it is counted as keeping all (≤).");
        }
    }
}
