// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.passes.builtin.skip.SkipPathTrace;

/** The skip paths that were fitted, as JSON. */
final class SkipPathJson {
    private SkipPathJson() {
    }

    /** Puts them. */
    static void put(SkipPathTrace trace, ObjectNode o) {
        o.put("fitted_samples", trace.fitted()).put("held_out_samples", trace.heldOut());
        ArrayNode layers = o.putArray("layers");
        for (SkipPathTrace.Tried t : trace.layers()) {
            layers.addObject().put("layer", t.layer()).put("tokens", t.tokens()).put("rank", t.rank()).put("explains", t.explains()).put("kl_before", t.before())
                    .put("kl_after", t.after()).put("accepted", t.accepted());
        }
    }
}
