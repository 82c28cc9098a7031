// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Model;

/** What a pass did. */
public sealed interface Outcome {
    /** The model is another one now. */
    record Changed(Model model, String summary) implements Outcome {
    }

    /** There was nothing to do. */
    record Unchanged() implements Outcome {
    }

    /** The pass does not fit this model, for this reason; the model stays as it is. */
    record NotApplicable(String reason) implements Outcome {
    }
}
