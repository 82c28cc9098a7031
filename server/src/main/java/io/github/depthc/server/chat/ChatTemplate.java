// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.chat;

import io.github.depthc.server.api.Prompt.ChatMessage;
import java.util.List;

/** Makes text of a conversation, which ends where the model's answer begins. Thread-safe. */
public interface ChatTemplate {
    /** Stands for an image in a text. */
    String IMAGE = "<image>";

    /** A message's text behind a line with {@link #IMAGE} for each of its images. */
    static String marked(ChatMessage message) {
        return (IMAGE + "\n").repeat(message.images()) + message.content();
    }

    /** The text; {@link io.github.depthc.server.api.ApiError} when the template does not take such a conversation. */
    String render(List<ChatMessage> messages);

    /** Whether the text has the special tokens that begin a text already. */
    boolean hasSpecialTokens();

    /** Texts at which the model speaks for somebody else: the answer ends before them. */
    List<String> stops();
}
