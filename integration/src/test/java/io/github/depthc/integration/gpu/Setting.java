// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import java.nio.file.Path;

/**
 * Where the check runs.
 *
 * @param root    folder of the sources, or of the unpacked kit: it has {@code samples/} and {@code tools/}
 * @param results where each stage writes its JSON
 * @param work    for checkpoints and bundles, which later stages find there
 * @param layers  of the model of the 7B shape
 */
record Setting(Path root, Path results, Path work, int layers) {
    Path stories() {
        return root.resolve("samples/checkpoints/stories260k");
    }

    /** The Mixture-of-Depths bundle of the 7B shape, or the dense one. */
    Path shape(boolean routed) {
        return work.resolve((routed ? "routed-" : "dense-") + layers);
    }
}
