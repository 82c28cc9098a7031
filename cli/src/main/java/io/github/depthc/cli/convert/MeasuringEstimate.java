// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Units;
import io.github.depthc.passes.builtin.allocate.AllocationForecast;
import io.github.depthc.passes.builtin.allocate.BudgetOf;
import java.util.Locale;

/**
 * What choosing ratios by the model's answers will take, as a dry run tells it.
 *
 * @param budget   the share of the dense model's cost that is to be left
 * @param of       what is counted as cost
 * @param forecast from one layer over a few samples
 */
public record MeasuringEstimate(double budget, BudgetOf of, AllocationForecast forecast) {
    /**
     * Prints it, as one object or in words.
     *
     * @param diskBytes of the weights that the bundle will have
     * @param freeBytes on the disk where it will be
     */
    public void print(Console console, boolean json, long diskBytes, long freeBytes) {
        if (json) {
            JsonOutput.print(console, json(diskBytes, freeBytes));
            return;
        }
        console.line("Samples     " + forecast.samples() + " of " + forecast.tokens() + " tokens together"
                + (forecast.leftOut() == 0 ? "" : "; " + forecast.leftOut() + " more are too short and left out"));
        console.line("Measuring   about " + forecast.measurements() + " combinations: " + forecast.layers() + " with one layer that skips, then about "
                + forecast.combinations());
        console.line("            with several, until " + Units.percent(budget) + " is left of the dense " + of.brief());
        console.line("Time        about " + Units.duration(forecast.seconds()) + " on this machine: a layer over all samples takes " + Units.duration(forecast.layerSeconds())
                + ",");
        console.line("            " + (forecast.loadSeconds() > 0 ? "and " + Units.duration(forecast.loadSeconds()) + " to load, " : "") + "and is run " + forecast.layerRuns() + " times; the rest is comparing answers"
                + (of == BudgetOf.TIME ? " and timing layers" : ""));
        console.line("            No GPU was measured: depthc measures with ONNX Runtime on the CPU.");
        if (of == BudgetOf.TIME) {
            console.line("            Whether " + Units.percent(budget) + " of the time can be reached is known when the layers have been timed.");
        }
        console.line("Memory      about " + Units.roughBytes(forecast.weightBytes()) + " of weights at once, of which the runtime may hold a second copy, and");
        console.line("            " + Units.roughBytes(forecast.stateBytes()) + " of hidden states, besides the program itself");
        console.line("Disk        about " + Units.bytes(diskBytes) + " for the bundle, " + Units.bytes(freeBytes) + " are free there");
        console.line("Which layers skip how much is known only after measuring, so there is no plan to show. What was measured");
        console.line("is kept when the command is interrupted; the same command then goes on.");
        console.line("Nothing was written (--dry-run).");
    }

    private ObjectNode json(long diskBytes, long freeBytes) {
        ObjectNode o = JsonOutput.object().put("dry_run", true).put("disk_bytes", diskBytes).put("disk_free_bytes", freeBytes);
        o.putObject("allocation").put("budget", budget).put("budget_of", of.name().toLowerCase(Locale.ROOT)).put("samples", forecast.samples()).put("samples_left_out", forecast.leftOut())
                .put("tokens", forecast.tokens()).put("measurements", forecast.measurements()).put("measurements_of_one_layer", forecast.layers())
                .put("layer_runs", forecast.layerRuns()).put("layer_seconds", forecast.layerSeconds()).put("load_seconds", forecast.loadSeconds()).put("seconds", forecast.seconds()).put("device", "cpu")
                .put("weight_bytes", forecast.weightBytes()).put("state_bytes", forecast.stateBytes());
        return o;
    }
}
