// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.PassSpec;

/** Random tokens: the baseline of every ablation. */
public final class RouteRandomly extends Chooser<RouteRandomly.Options> {
    /**
     * Options.
     *
     * @param seed of the pseudo-random keys
     */
    public record Options(@Doc("of the pseudo-random keys") int seed) {
    }

    @Override
    public PassSpec<RouteRandomly.Options> spec() {
        return new PassSpec<>("route-randomly", "let routed layers keep random tokens", new Options(0));
    }

    @Override
    Routing.Selection selection(RouteRandomly.Options options, double ratio) {
        return new Routing.Selection.Random(ratio, options.seed());
    }
}
