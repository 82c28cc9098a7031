// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.mod.Routing;

/** What may be done with a layer: a ratio, and how the other tokens skip; or nothing at all. */
record Choice(double ratio, Form form) {
    /** Every token. */
    static final Choice DENSE = new Choice(1, new Form(Routing.Part.LAYER, Routing.SkippedKv.KEEP));
}
