// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.passes.api.PassRegistry;

/** Registries that have all that was offered. */
final class Loaded {
    private Loaded() {
    }

    /** The registry; an {@link AssertionError} that names every provider that was left out of it: what it offers would be tested by nobody. */
    static PassRegistry whole(PassRegistry registry) {
        if (!registry.problems().isEmpty()) {
            throw new AssertionError("passes or op kinds did not load:\n  " + String.join("\n  ", registry.problems()));
        }
        return registry;
    }
}
