// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import io.github.depthc.ir.InputException;
import io.github.depthc.passes.api.Cost;
import picocli.CommandLine.Option;

/** The options that say at which prompt a plan is costed. */
public final class PromptMix {
    private static final long TEXT_ALONE = 1024;
    private static final long TEXT_BESIDE_VISION = 64;
    private static final long MOST = 1L << 30;

    @Option(names = "--vision-tokens", paramLabel = "N", description = "Image tokens of the prompt; they are then the candidates (tokens that may be skipped).")
    private Long vision;

    @Option(names = "--text-tokens", paramLabel = "M",
            description = "Text tokens of the prompt (default: 1024 or what the model takes, 64 beside image tokens). Without image tokens all but the first and the last "
                    + "are candidates.")
    private Long text;

    /**
     * The prompt's tokens.
     *
     * @param context the longest sequence of the model: a prompt that the user does not describe is no longer
     */
    public Cost.Mix mix(int context) {
        check("--vision-tokens", vision, 0);
        check("--text-tokens", text, vision == null || vision == 0 ? 1 : 0);
        if (vision != null) {
            return new Cost.Mix(vision, text == null ? TEXT_BESIDE_VISION : text);
        }
        long tokens = text == null ? Math.min(TEXT_ALONE, context) : text;
        long candidates = Math.max(0, tokens - 2);
        return new Cost.Mix(candidates, tokens - candidates);
    }

    private static void check(String option, Long value, long least) {
        if (value != null && (value < least || value > MOST)) {
            throw new InputException(option + " is " + value + ", expected " + least + " to " + MOST);
        }
    }
}
