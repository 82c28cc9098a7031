// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Region;
import java.util.Objects;

/** An imported decoder: facts about it, and its graph as {@link io.github.depthc.ir.Model} describes. */
public record Decoder(ModelInfo info, Region graph) {
    public Decoder {
        Objects.requireNonNull(info);
        Objects.requireNonNull(graph);
    }
}
