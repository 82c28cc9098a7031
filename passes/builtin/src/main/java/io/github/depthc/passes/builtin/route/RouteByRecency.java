// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.PassSpec;

/** The last candidates of the prompt: hard to beat on plain text, without meaning for images. */
public final class RouteByRecency extends Chooser<NoOptions> {
    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("route-by-recency", "let routed layers keep the most recent tokens", new NoOptions());
    }

    @Override
    Routing.Selection selection(NoOptions options, double ratio) {
        return new Routing.Selection.MostRecent(ratio);
    }
}
