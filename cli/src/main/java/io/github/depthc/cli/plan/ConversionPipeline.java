// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.builtin.arank.ArankPass;
import io.github.depthc.passes.builtin.convert.ConvertToMod;
import io.github.depthc.passes.builtin.schedule.RetentionSchedule;
import io.github.depthc.passes.builtin.schedule.SchedulePass;
import io.github.depthc.passes.builtin.select.SelectLayers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** What the options {@code --layers}, {@code --schedule} and {@code --style} mean as a pipeline. */
public final class ConversionPipeline {
    private ConversionPipeline() {
    }

    /**
     * The pipeline.
     *
     * @param select   which layers; empty where the schedule itself selects
     * @param schedule their ratios
     * @param convert  what they become
     * @param layers   of the model
     * @return no pass where the schedule leaves every layer dense
     */
    public static Pipeline of(Optional<SelectLayers.Options> select, RetentionSchedule schedule, ConvertToMod.Options convert,
            int layers, PassRegistry registry) {
        var steps = new ArrayList<Pipeline.Step<?>>();
        select.ifPresent(s -> {
            if (s.rule() == SelectLayers.Rule.ARANK || s.rule() == SelectLayers.Rule.ARANK_AUTO) {
                steps.add(new Pipeline.Step<>(new ArankPass(), new NoOptions()));
            }
            steps.add(new Pipeline.Step<>(new SelectLayers(), s));
        });
        if (select.map(s -> s.rule() != SelectLayers.Rule.NONE).orElseGet(() -> IntStream.range(0, layers).anyMatch(l -> schedule.ratio(l, layers).isPresent()))) {
            steps.add(new Pipeline.Step<>(new SchedulePass(), SchedulePass.Options.of(schedule, select.isEmpty())));
            steps.add(new Pipeline.Step<>(new ConvertToMod(), convert));
        }
        return Pipeline.of(List.copyOf(steps), registry);
    }
}
