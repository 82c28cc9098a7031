// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.passes.api.PassContext;

/** How far the measuring is, counted in layers run over a sample. */
final class Effort {
    private static final String WORK = "measuring what may skip";

    private final PassContext.Progress progress;
    private long expected;
    private long done;

    Effort(PassContext.Progress progress) {
        this.progress = progress;
    }

    /** There is so much left to do, by what is known now. */
    void left(long layers) {
        expected = done + layers;
    }

    /** So much need not be done, for it is known. */
    void spared(long layers) {
        expected -= layers;
    }

    /** A layer has been run over a sample. */
    void ran() {
        if (done == 0) {
            progress.at(WORK, 0, expected);
        }
        done++;
        progress.at(WORK, done, Math.max(done, expected));
    }
}
