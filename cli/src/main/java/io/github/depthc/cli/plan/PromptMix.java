// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.Cost;
import picocli.CommandLine.Option;

/** The options that say at which prompt a plan is costed. */
public final class PromptMix {
    private static final long TEXT_ALONE = 1024;
    private static final long TEXT_BESIDE_VISION = 64;
    private static final long MOST = 1L << 30;

    @Option(names = "--vision-tokens", paramLabel = "N", description = "Image tokens of the prompt; they are then the candidates (tokens that may be skipped). Default: those of one square image, of a checkpoint that has a vision tower or whose configuration describes it.")
    private Long vision;

    @Option(names = "--text-tokens", paramLabel = "M",
            description = "Text tokens of the prompt (default: 1024 or what the model takes, 64 beside image tokens). Without image tokens a converted text model may skip "
                    + "all but the first and the last.")
    private Long text;

    /** Takes so many image tokens, where neither text nor image tokens are said. */
    public void assumeImage(long tokens) {
        if (vision == null && text == null) {
            vision = tokens;
        }
    }

    /** The prompt's tokens, for a converted model that is not lowered: which may be skipped is as its layers say. */
    public Cost.Mix mix(Model layered) {
        check("--vision-tokens", vision, 0);
        check("--text-tokens", text, vision == null || vision == 0 ? 1 : 0);
        Routing.Candidates rule = layered.routings().stream().map(Routing::candidates).findFirst()
                .orElse(Routing.Candidates.PROMPT);
        long words = text != null ? text : vision != null ? TEXT_BESIDE_VISION : Math.min(TEXT_ALONE, layered.info().context());
        long images = vision == null ? 0 : vision;
        long candidates = switch (rule) {
            case ALL -> images + words;
            case VISION, GIVEN -> images;
            case PROMPT -> vision != null ? images : Math.max(0, words - 2);
        };
        return new Cost.Mix(candidates, images + words - candidates);
    }

    private static void check(String option, Long value, long least) {
        if (value != null && (value < least || value > MOST)) {
            throw new InputException(option + " is " + value + ", expected " + least + " to " + MOST);
        }
    }
}
