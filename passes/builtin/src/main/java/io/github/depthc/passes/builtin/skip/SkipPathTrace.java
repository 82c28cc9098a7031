// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.skip;

import java.util.List;

/**
 * The skip paths that were fitted.
 *
 * @param fitted  calibration prompts that they were fitted to
 * @param heldOut calibration prompts that they were judged by
 * @param layers  those that one was fitted for, in order
 */
public record SkipPathTrace(int fitted, int heldOut, List<Tried> layers) {
    /** Below this, in nats, a fall is none: it may be rounding, and the path would cost its FLOPs for nothing. */
    private static final double NO_GAIN = 1e-6;

    /**
     * A skip path.
     *
     * @param layer    which layer, from 0
     * @param tokens   skipped tokens that it was fitted to
     * @param rank     its rank
     * @param explains share of the variance of what the layer would have added to them, 0 to 1
     * @param before   mean KL(dense ‖ converted) of the next token on the held-out prompts without it, in nats
     * @param after    the same with it
     */
    public record Tried(int layer, long tokens, int rank, double explains, double before, double after) {
        /** Whether the layer has it now. */
        public boolean accepted() {
            return before - after > NO_GAIN;
        }
    }
}
