// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

import java.nio.FloatBuffer;
import java.util.OptionalInt;

/**
 * Logits of a prefill or a step: a view of the engine's own memory that holds until the engine's next call.
 *
 * @param rows   number of positions: one for each slot, or, with all logits asked for, one for each prompt token, prompt
 *               after prompt
 * @param vocab  size of the vocabulary; of an encoder, which gives hidden states, their width
 * @param logits {@code [rows, vocab]}, row-major, from index 0
 */
public record StepOutput(int rows, int vocab, FloatBuffer logits) {
    /** One logit. */
    public float at(int row, int token) {
        return logits.get(row * vocab + token);
    }

    /** The first token of a row whose logit is NaN or infinite; empty when all are finite. */
    public OptionalInt notFinite(int row) {
        int begin = row * vocab;
        for (int i = 0; i < vocab; i++) {
            if (!Float.isFinite(logits.get(begin + i))) {
                return OptionalInt.of(i);
            }
        }
        return OptionalInt.empty();
    }

    /** A copy of one row. */
    public float[] row(int row) {
        var copy = new float[vocab];
        logits.get(row * vocab, copy);
        return copy;
    }
}
