// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.server.batch.PromptCost;

/**
 * What a request cost.
 *
 * @param prompt    its prompt
 * @param newTokens tokens that were made for the answer
 */
public record Usage(PromptCost prompt, int newTokens) {
    /** OpenAI's three numbers, and how many prompt tokens are of images, and how many the layers skipped and kept. */
    ObjectNode json() {
        ObjectNode o = JsonNodeFactory.instance.objectNode();
        o.put("prompt_tokens", prompt.tokens()).put("completion_tokens", newTokens).put("total_tokens", prompt.tokens() + newTokens)
                .put("tokens_skipped", prompt.skipped());
        if (prompt.images() > 0) {
            o.put("image_tokens", prompt.images());
        }
        ArrayNode kept = o.putArray("kept_per_layer");
        for (int k : prompt.kept()) {
            kept.add(k);
        }
        return o;
    }
}
