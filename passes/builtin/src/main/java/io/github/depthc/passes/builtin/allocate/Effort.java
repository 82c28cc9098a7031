// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.passes.api.PassContext;

/** How far the measuring is, counted in layers run over a sample. */
public final class Effort {
    private final String work;
    private final PassContext.Progress progress;
    private long expected;
    private long done;

    /** Of work by this name. */
    public Effort(String work, PassContext.Progress progress) {
        this.work = work;
        this.progress = progress;
    }

    /** There is so much left to do, by what is known now. */
    public void left(long layers) {
        expected = done + layers;
    }

    /** So much need not be done, for it is known. */
    public void spared(long layers) {
        expected -= layers;
    }

    /** A layer has been run over a sample. */
    public void ran() {
        if (done == 0) {
            progress.at(work, 0, expected);
        }
        done++;
        progress.at(work, done, Math.max(done, expected));
    }
}
