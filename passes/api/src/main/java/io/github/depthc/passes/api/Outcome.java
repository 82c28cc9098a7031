// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Model;
import java.util.Objects;

/** What a pass did. */
public sealed interface Outcome {
    /** The same, with these words about it where something changed. */
    default Outcome saying(String text) {
        return this;
    }

    /** The model is another one now. */
    record Changed(Model model, String summary) implements Outcome {
        public Changed {
            Objects.requireNonNull(model, "the model of an outcome");
            Objects.requireNonNull(summary, "the summary of an outcome");
        }

        @Override
        public Outcome saying(String text) {
            return new Changed(model, text);
        }
    }

    /** There was nothing to do. */
    record Unchanged() implements Outcome {
    }

    /** The pass does not fit this model, for this reason; the model stays as it is. */
    record NotApplicable(String reason) implements Outcome {
        public NotApplicable {
            Objects.requireNonNull(reason, "why a pass is not applicable");
        }
    }
}
