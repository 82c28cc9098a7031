// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.OpDef;
import java.util.List;

/** Offers passes and op kinds, found through {@link java.util.ServiceLoader}. */
public interface PassProvider {
    /** The passes. */
    List<Pass<?>> passes();

    /** Op kinds of its own that the text form should know. */
    default List<OpDef> ops() {
        return List.of();
    }
}
