// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.text.Nearest;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Pipeline;
import java.util.List;

/**
 * After which passes the model is printed.
 *
 * @param names names of passes of the pipeline, {@code all} or {@code changed}; nothing means after none
 */
public record PrintAfter(List<String> names) {
    public PrintAfter {
        names = List.copyOf(names);
    }

    /** This choice for a pipeline; {@link InputException} where a name is not of one of its passes. */
    public static PrintAfter of(List<String> names, Pipeline pipeline) {
        List<String> known = pipeline.steps().stream().map(Pipeline.Step::name).distinct().toList();
        for (String name : names) {
            if (!name.equals(PassSpec.ALL) && !name.equals(PassSpec.CHANGED) && !known.contains(name)) {
                throw new InputException("--print-after=" + name + ": the pipeline has no such pass, expected all, changed"
                        + (known.isEmpty() ? "" : " or one of " + String.join(", ", known)) + Nearest.hint(name, known));
            }
        }
        return new PrintAfter(names);
    }

    /** Whether the model is printed after this. */
    boolean wants(Pipeline.Step<?> step, Outcome outcome) {
        return names.contains(PassSpec.ALL) || names.contains(step.name()) || names.contains(PassSpec.CHANGED) && outcome instanceof Outcome.Changed;
    }
}
