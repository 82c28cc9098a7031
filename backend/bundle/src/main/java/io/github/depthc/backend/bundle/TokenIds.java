// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import java.util.List;
import java.util.OptionalInt;

/**
 * Ids of the tokens that begin and end a text.
 *
 * @param bos put before a prompt; empty when the model has none
 * @param eos any of these ends the generation
 */
public record TokenIds(OptionalInt bos, List<Integer> eos) {
    /** Neither is known. */
    public static final TokenIds NONE = new TokenIds(OptionalInt.empty(), List.of());

    public TokenIds {
        eos = List.copyOf(eos);
    }
}
