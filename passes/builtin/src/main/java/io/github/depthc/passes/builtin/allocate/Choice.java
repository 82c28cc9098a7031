// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.mod.Routing;

/** What may be done with a layer: a ratio, and what becomes of skipped keys and values; or nothing at all. */
record Choice(double ratio, Routing.SkippedKv kv) {
    /** Every token. */
    static final Choice DENSE = new Choice(1, Routing.SkippedKv.KEEP);
}
