// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.chat;

import io.github.depthc.server.api.Prompt.ChatMessage;
import java.util.List;

/** Vicuna v1, with which LLaVA-1.5 and the published Mixture-of-Depths models were trained ({@code conv_vicuna_v1} of LLaVA's {@code conversation.py}). */
public final class VicunaTemplate implements ChatTemplate {
    private static final String SYSTEM = "A chat between a curious user and an artificial intelligence assistant. "
            + "The assistant gives helpful, detailed, and polite answers to the user's questions.";
    private static final String END = "</s>";

    @Override
    public String render(List<ChatMessage> messages) {
        boolean own = !messages.isEmpty() && messages.getFirst().role().equals("system");
        var text = new StringBuilder(own ? messages.getFirst().content() : SYSTEM);
        for (ChatMessage m : own ? messages.subList(1, messages.size()) : messages) {
            boolean answer = m.role().equals("assistant");
            text.append(text.toString().endsWith(END) ? "" : " ").append(answer ? "ASSISTANT" : "USER").append(": ").append(ChatTemplate.marked(m)).append(answer ? END : "");
        }
        return text.append(" ASSISTANT:").toString();
    }

    @Override
    public boolean hasSpecialTokens() {
        return false;
    }

    @Override
    public List<String> stops() {
        return List.of(END);
    }
}
