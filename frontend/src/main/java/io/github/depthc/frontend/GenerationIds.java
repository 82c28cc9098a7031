// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend;

import java.util.List;
import java.util.OptionalInt;

/**
 * Token ids that generation needs.
 *
 * @param bos the id that a sequence begins with, where the model has one
 * @param eos ids that end a sequence, possibly none
 * @param leftOut what the files name besides and is not in the vocabulary, a sentence for each key
 */
public record GenerationIds(OptionalInt bos, List<Integer> eos, List<String> leftOut) {
    public GenerationIds {
        eos = List.copyOf(eos);
        leftOut = List.copyOf(leftOut);
    }
}
