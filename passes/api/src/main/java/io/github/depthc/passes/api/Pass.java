// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Model;

/**
 * A change to a model, or an analysis of it. To write one:
 * <ol>
 *   <li>hold no state: everything a run needs is in its arguments;</li>
 *   <li>declare the options as a record, each component an int, long, double, boolean, String, enum, List of these, or a nested
 *       record; {@link io.github.depthc.ir.text.RecordCodec} has all types;</li>
 *   <li>say in {@link #spec} its name, one line about it, and the options' defaults;</li>
 *   <li>give back {@link Outcome.Changed}, {@link Outcome.Unchanged}, or {@link Outcome.NotApplicable} with the reason;
 *       throw {@link io.github.depthc.ir.InputException} only for what the user must mend;</li>
 *   <li>offer it through a {@link PassProvider}.</li>
 * </ol>
 * The pipeline, not the pass, verifies the result, times it and names it when it fails.
 *
 * @param <O> the options
 */
public interface Pass<O extends Record> {
    /** Name, summary, default options. */
    PassSpec<O> spec();

    /** Runs on a model, which is not changed. */
    Outcome run(Model model, O options, PassContext context);
}
