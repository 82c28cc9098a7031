// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.backend.runtime.SamplingOptions;
import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.InputException;

/** Reads the options that say how the next token is chosen. */
public final class SamplingParser {
    /** Far beyond it every token is equally probable. */
    private static final double HOTTEST = 100;

    private SamplingParser() {
    }

    /** What {@code --temperature}, {@code --top-p} and {@code --seed} mean; {@link InputException} with the range that is accepted. */
    public static SamplingOptions parse(double temperature, double topP, long seed) {
        if (!(temperature >= 0 && temperature <= HOTTEST)) {
            throw new InputException("--temperature is " + Units.plain(temperature) + ", expected 0 (the most probable token) to " + Units.plain(HOTTEST));
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new InputException("--top-p is " + Units.plain(topP) + ", expected more than 0 and at most 1 (all tokens)");
        }
        return new SamplingOptions(temperature, topP, seed);
    }
}
