// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.text.Cursor;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.text.TextException;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Pipeline;

/** Runs pipelines that were read from a text, and says at which pass of it one failed. */
public final class LocatedRun {
    private LocatedRun() {
    }

    /**
     * The model after every pass.
     *
     * @param text  what the pipeline was read from
     * @param model one that verifies
     * @throws TextException for what the user must mend, at the place of the pass that asks for it
     */
    public static Model run(Pipeline pipeline, String text, Model model, PassContext context, Pipeline.Listener listener) {
        var ran = new int[1];
        try {
            return pipeline.run(model, context, (step, outcome, now, time) -> {
                ran[0]++;
                listener.ran(step, outcome, now, time);
            });
        } catch (TextException e) {
            throw e;
        } catch (InputException e) {
            if (ran[0] == pipeline.steps().size()) {
                throw e;
            }
            Pipeline.Step<?> step = pipeline.steps().get(ran[0]);
            TextException located = new Cursor(new SourceText(step.at().source(), text)).error(step.at(), step.name() + ": " + e.getMessage());
            located.initCause(e);
            throw located;
        }
    }
}
