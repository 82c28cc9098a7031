// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.api;

import java.util.List;

/** What the model goes on from. */
public sealed interface Prompt {
    /** The field of a request that has it. */
    default String field() {
        return "prompt";
    }

    /** Text as it is. */
    record Text(String text) implements Prompt {
    }

    /** Token ids. */
    record Ids(int[] ids) implements Prompt {
    }

    /**
     * A conversation, which a template makes text of.
     *
     * @param images that its messages show, in their order
     */
    record Chat(List<ChatMessage> messages, List<ImagePart> images) implements Prompt {
        public Chat {
            messages = List.copyOf(messages);
            images = List.copyOf(images);
        }

        /** Without images. */
        public Chat(List<ChatMessage> messages) {
            this(messages, List.of());
        }

        @Override
        public String field() {
            return "messages";
        }
    }

    /**
     * An image of a message.
     *
     * @param field where the request has it
     * @param file  the picture file
     */
    record ImagePart(String field, byte[] file) {
    }

    /**
     * Something that was said.
     *
     * @param role    who said it: {@code system}, {@code user}, {@code assistant} or another name that the template knows
     * @param content what was said
     * @param images  how many images it shows: they stand before the text, or where it says {@code <image>}
     */
    record ChatMessage(String role, String content, int images) {
        /** Without images. */
        public ChatMessage(String role, String content) {
            this(role, content, 0);
        }
    }
}
