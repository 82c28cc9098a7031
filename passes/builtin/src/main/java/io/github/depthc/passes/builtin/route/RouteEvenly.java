// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.PassSpec;

/** Evenly spaced tokens: a baseline, and what an untrained conversion does by default. */
public final class RouteEvenly extends Chooser<NoOptions> {
    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("route-evenly", "let routed layers keep evenly spaced tokens", new NoOptions());
    }

    @Override
    Routing.Selection selection(NoOptions options, double ratio) {
        return new Routing.Selection.EvenlySpaced(ratio);
    }
}
