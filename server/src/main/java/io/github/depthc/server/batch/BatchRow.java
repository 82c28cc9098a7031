// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import io.github.depthc.backend.runtime.Sampler;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import java.util.List;
import java.util.Optional;

/** A request that runs: its slot and what it has made so far. Used by the thread that computes alone. */
final class BatchRow {
    final Generation generation;
    final Slot slot;
    private final Sampler sampler;
    private int made;
    private int last;

    BatchRow(Generation generation, Slot slot) {
        this.generation = generation;
        this.slot = slot;
        this.sampler = new Sampler(generation.request().sampling());
    }

    /** Chooses the next token and hands it on; how the request ended by that, if it did. */
    Optional<Outcome> take(StepOutput output, int row, List<Integer> eos) {
        last = sampler.next(output, row);
        made++;
        if (!generation.put(last)) {
            return Optional.of(Outcome.SLOW_READER);
        }
        if (eos.contains(last)) {
            return Optional.of(Outcome.EOS);
        }
        return made == generation.request().newTokens() ? Optional.of(Outcome.LENGTH) : Optional.empty();
    }

    /** The token to feed in the next step. */
    int last() {
        return last;
    }

    boolean isFirst() {
        return made == 1;
    }
}
