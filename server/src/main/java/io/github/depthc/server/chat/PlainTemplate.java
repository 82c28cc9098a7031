// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.chat;

import io.github.depthc.server.api.Prompt.ChatMessage;
import java.util.List;

/** For models that have no template of their own: a line {@code Role: text} for each message. */
public final class PlainTemplate implements ChatTemplate {
    @Override
    public String render(List<ChatMessage> messages) {
        var text = new StringBuilder();
        for (ChatMessage m : messages) {
            text.append(name(m.role())).append(": ").append(ChatTemplate.marked(m)).append('\n');
        }
        return text.append("Assistant:").toString();
    }

    private static String name(String role) {
        return switch (role) {
            case "user" -> "User";
            case "assistant" -> "Assistant";
            default -> "System";
        };
    }

    @Override
    public boolean hasSpecialTokens() {
        return false;
    }

    @Override
    public List<String> stops() {
        return List.of("\nUser:", "\nSystem:");
    }
}
