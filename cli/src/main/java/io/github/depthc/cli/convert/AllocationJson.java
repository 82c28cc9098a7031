// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.passes.builtin.allocate.AllocationTrace;
import java.util.List;
import java.util.Locale;

/** What was tried and chosen by what the model answers, as JSON. */
final class AllocationJson {
    private AllocationJson() {
    }

    /** Puts it. */
    static void put(AllocationTrace trace, ObjectNode o) {
        o.put("budget", trace.budget()).put("budget_of", trace.of().name().toLowerCase(Locale.ROOT)).put("share", trace.chosen().share()).put(trace.answer().key(), trace.chosen().loss()).put("samples", trace.samples())
                .put("measurements", trace.tried().size());
        layers(trace.chosen().layers(), o.putArray("layers"));
        ArrayNode tried = o.putArray("tried");
        for (AllocationTrace.Tried t : trace.tried()) {
            ObjectNode one = tried.addObject().put("share", t.share()).put(trace.answer().key(), t.loss());
            layers(t.layers(), one.putArray("layers"));
        }
    }

    private static void layers(List<AllocationTrace.Setting> settings, ArrayNode layers) {
        for (AllocationTrace.Setting s : settings) {
            layers.addObject().put("layer", s.layer()).put("ratio", s.ratio()).put("kv", s.kv().name().toLowerCase(Locale.ROOT))
                    .put("part", s.part().name().toLowerCase(Locale.ROOT));
        }
    }
}
