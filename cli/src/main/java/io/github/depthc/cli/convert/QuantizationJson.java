// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.passes.builtin.quantize.QuantizationTrace;

/** What quantising weights cost, as JSON. */
final class QuantizationJson {
    private QuantizationJson() {
    }

    /** Puts it. */
    static void put(QuantizationTrace trace, ObjectNode o) {
        o.put("bits", trace.bits()).put("block", trace.block());
        ArrayNode places = o.putArray("places");
        for (QuantizationTrace.Place p : trace.places()) {
            ObjectNode place = places.addObject().put("name", p.name());
            p.layer().ifPresent(l -> place.put("layer", l));
            place.put("weights", p.weights()).put("relative_error", p.error().relative());
        }
    }
}
