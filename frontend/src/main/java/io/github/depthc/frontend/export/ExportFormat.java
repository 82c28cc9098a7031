// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.List;
import java.util.SequencedMap;

/** A published format of Mixture-of-Depths checkpoints, all of which are Llama decoders. */
public interface ExportFormat {
    /**
     * What the format makes of a model.
     *
     * @throws io.github.depthc.ir.InputException naming what the format cannot express, and what to change
     */
    Target target(ExportSource source, ExportOptions options);

    /**
     * What the format adds to a dense checkpoint.
     *
     * @param settings keys of {@code config.json}, {@code model_type} and {@code architectures} among them
     * @param routers  the routers' tensors, by the names that they get
     * @param notes    what the user should know, a sentence or two each
     */
    record Target(ObjectNode settings, SequencedMap<String, WeightExpr> routers, List<String> notes) {
        public Target {
            notes = List.copyOf(notes);
        }
    }
}
