// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.Rewriter;
import java.util.List;
import java.util.Optional;

/** Says what each routed layer's choice goes by. */
@FunctionalInterface
interface Scorer {
    /** Nothing: the choice goes by places alone. */
    Scorer NONE = site -> Optional.of(new Scored(new Routing.Score.None()));

    /**
     * What a routed layer goes by, which may add nodes before it; empty leaves the layer as it is.
     *
     * @param site of a routed layer
     */
    Optional<Scored> of(Rewriter.Site site);

    /**
     * A score.
     *
     * @param score    how it is computed
     * @param operands what the layer reads for it: the scores where they are given, or the score's weights
     */
    record Scored(Routing.Score score, List<Value> operands) {
        public Scored {
            operands = List.copyOf(operands);
        }

        /** One that needs nothing more. */
        public Scored(Routing.Score score) {
            this(score, List.of());
        }

        /** Scores that the graph computes, {@code f32[tokens]}. */
        static Scored given(Value scores) {
            return new Scored(new Routing.Score.Given(), List.of(scores));
        }
    }
}
