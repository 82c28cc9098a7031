// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.export;

import io.github.depthc.ir.mod.Routing;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** p-MoD's {@code mod_target_token_type}: which tokens may be skipped. */
public enum TokenType {
    /** All vision tokens. */
    VISION_ALL(Routing.Candidates.VISION),
    /** Those of the high-resolution part, which is for the caller to tell. */
    VISION_HR(Routing.Candidates.VISION),
    /** Every token. */
    ALL(Routing.Candidates.ALL);

    private final Routing.Candidates candidates;

    TokenType(Routing.Candidates candidates) {
        this.candidates = candidates;
    }

    /** The rule that such a checkpoint is imported with. */
    public Routing.Candidates candidates() {
        return candidates;
    }

    /** The value in {@code config.json}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The first that lets these be skipped. */
    public static Optional<TokenType> of(Routing.Candidates candidates) {
        return Arrays.stream(values()).filter(t -> t.candidates == candidates).findFirst();
    }

    /** The one of this {@link #text()}. */
    public static Optional<TokenType> of(String text) {
        return Arrays.stream(values()).filter(t -> t.text().equals(text)).findFirst();
    }
}
