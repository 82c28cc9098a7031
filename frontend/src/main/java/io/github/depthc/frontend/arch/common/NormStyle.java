// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import io.github.depthc.ir.op.RmsNorm;

/** How a family's norms are computed: the epsilon, and whether the factor is {@code w} or {@code 1 + w} (Gemma). */
public record NormStyle(double epsilon, boolean unitOffset) {
    /** The norm over the whole width. */
    public RmsNorm whole() {
        return new RmsNorm(epsilon, unitOffset, 1);
    }

    /** The norm over each of several heads. */
    public RmsNorm perHead(int heads) {
        return new RmsNorm(epsilon, unitOffset, heads);
    }
}
