// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.bundle.EngineParts;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Program;
import io.github.depthc.cli.console.Shell;
import io.github.depthc.cli.console.Units;
import io.github.depthc.cli.plan.PlanJson;
import io.github.depthc.cli.plan.PlanReport;
import io.github.depthc.cli.plan.PlanTable;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What {@code convert} prints: tables as it goes on, or one object at the end.
 *
 * @param json    one object
 * @param remarks what the user should know
 */
public record ConversionReport(Console console, boolean json, Conversion conversion, PlanReport plan, List<String> remarks) {
    /** Prints the plan and the remarks. */
    public void printPlan() {
        if (json) {
            return;
        }
        PlanTable.print(plan, console);
        Conversion.AsRun run = conversion.asRun(plan.mix());
        console.line("");
        // where no layer attends, a dense bundle takes its last token alone through the layers: a share of that says nothing
        String share = plan.denseAttentionFlops() > 0 ? ", " + Units.percent(run.flops() / run.dense()) + " of the " + Units.flops(run.dense()) + " of a dense bundle" : "";
        console.line("As run   " + Units.flops(run.flops()) + share + ": linear layers and attention");
        console.line("         scores" + (conversion.sparesTheLastLayer() ? "; the LM head, and the last layer but for its keys and values, for the last token alone"
                : conversion.layered().encoder() ? "" : "; the LM head for the last token alone"));
        if (conversion.budget().isPresent()) {
            console.line("");
            conversion.budget().get().print(console);
        }
        remarks.forEach(console::note);
    }

    /**
     * Prints what it would take.
     *
     * @param engines what the bundle would have for GPUs
     */
    public void estimate(WriteEstimate estimate, Optional<EngineParts> engines) {
        if (json) {
            ObjectNode o = object().put("dry_run", true);
            estimate.put(o);
            putEngines(engines, o);
            JsonOutput.print(console, o);
        } else {
            console.line("");
            estimate.print(console);
            engines.ifPresent(e -> console.line("For GPUs: " + GpuPart.of(e).text()));
            console.line("Nothing was written (--dry-run). Weights that are not finite, or too large for their type, were not looked for.");
        }
    }

    /**
     * Prints what was written.
     *
     * @param bytes   of the bundle
     * @param weights the variant of the weights, in words
     * @param seconds of making and writing it
     * @param run     the command line to run next
     * @param engines what the bundle has for GPUs
     */
    public void written(Path bundle, long bytes, String weights, double seconds, String run, Optional<EngineParts> engines) {
        if (json) {
            ObjectNode o = object().put("bundle", bundle.toString()).put("bytes", bytes).put("seconds", seconds);
            putEngines(engines, o);
            JsonOutput.print(console, o);
        } else {
            console.line("");
            console.line("Wrote " + bundle + " (" + Units.bytes(bytes) + ", " + weights + ") in " + Units.duration(seconds) + ". The plan as a page: "
                    + bundle.resolve("report.html"));
            console.line("Run it:");
            console.line("  " + run);
            engines.ifPresent(e -> {
                console.line("For GPUs: " + GpuPart.of(e).text() + (e.form() == EngineParts.Form.SEGMENTS ? ". On the machine with the GPU:" : ""));
                if (e.form() == EngineParts.Form.SEGMENTS) {
                    console.line("  " + Program.command() + " build " + Shell.quote(bundle.toString()));
                }
            });
        }
    }

    private static void putEngines(Optional<EngineParts> engines, ObjectNode o) {
        engines.ifPresent(e -> GpuPart.of(e).put(o.putObject("gpu")));
    }

    private ObjectNode object() {
        Conversion.AsRun run = conversion.asRun(plan.mix());
        ObjectNode o = PlanJson.of(plan).put("pipeline", conversion.pipeline().toString()).put("flops_as_run", run.flops())
                .put("dense_flops_as_run", run.dense());
        conversion.budget().ifPresent(b -> b.put(o.putObject("budget")));
        conversion.allocation().ifPresent(a -> AllocationJson.put(a, o.putObject("allocation")));
        conversion.skipPaths().ifPresent(s -> SkipPathJson.put(s, o.putObject("skip_paths")));
        if (!conversion.quantization().isEmpty()) {
            ArrayNode all = o.putArray("quantization");
            conversion.quantization().forEach(q -> QuantizationJson.put(q, all.addObject()));
        }
        remarks.forEach(o.putArray("remarks")::add);
        return o;
    }
}
