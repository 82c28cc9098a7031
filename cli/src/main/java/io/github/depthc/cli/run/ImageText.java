// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.ir.InputException;
import io.github.depthc.server.api.ApiError;
import io.github.depthc.server.api.Prompt.ChatMessage;
import io.github.depthc.server.chat.BundleTemplate;
import io.github.depthc.server.chat.ChatTemplate;
import io.github.depthc.server.chat.ConversationIds;
import io.github.depthc.server.chat.VicunaTemplate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Token ids of what a user says to a model that takes images: a conversation's first turn, by the model's own chat template or Vicuna's.
 *
 * @param template makes text of a conversation
 * @param own      whether the template is the model's
 */
public record ImageText(ChatTemplate template, boolean own) {
    /** The template of a bundle. */
    public static ImageText of(Path folder) throws IOException {
        Optional<ChatTemplate> own = BundleTemplate.of(folder);
        return new ImageText(own.orElseGet(VicunaTemplate::new), own.isPresent());
    }

    /**
     * The ids, one for each image in its place: where the text has {@code <image>}, else before the text.
     *
     * @param bos begins a text
     */
    public int[] ids(Tokenizer tokenizer, LlavaSettings settings, Optional<String> system, String text, int images, OptionalInt bos) {
        var turn = new ArrayList<ChatMessage>();
        system.ifPresent(s -> turn.add(new ChatMessage("system", s)));
        turn.add(new ChatMessage("user", text, images));
        try {
            return ConversationIds.of(template, tokenizer, settings, turn, bos);
        } catch (ApiError e) {
            throw new InputException(e.getMessage() + "; --input-ids gives the whole prompt without a template", e);
        }
    }

    /** What it is called in a report. */
    String name() {
        return own ? "the model's chat template" : "Vicuna v1 (the model has no chat template)";
    }
}
