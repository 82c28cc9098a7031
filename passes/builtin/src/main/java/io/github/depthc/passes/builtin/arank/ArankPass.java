// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.arank;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.builtin.DenseLayers;
import java.util.Locale;
import java.util.Optional;

/** Computes ARank for the passes that follow and remarks each layer's. Changes nothing. */
public final class ArankPass implements Pass<NoOptions> {
    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("arank", "measure each layer's attention rank on calibration data", new NoOptions());
    }

    @Override
    public Outcome run(Model model, NoOptions options, PassContext context) {
        Optional<Outcome.NotApplicable> none = DenseLayers.lowered(model);
        if (none.isPresent()) {
            return none.get();
        }
        for (Arank.LayerRank r : context.analyses().get(new Arank(), model, context).layers()) {
            context.remark(Diagnostic.remark(Location.of("layer " + r.index()), String.format(Locale.ROOT,
                    "ARank %.2f (heads %.1f to %.1f)", r.mean(), r.min(), r.max())));
        }
        return new Outcome.Unchanged();
    }
}
