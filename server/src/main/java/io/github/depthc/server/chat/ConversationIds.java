// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.chat;

import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.server.api.ApiError;
import io.github.depthc.server.api.Prompt.ChatMessage;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** Token ids of what is said to a model that takes images. */
public final class ConversationIds {
    private ConversationIds() {
    }

    /**
     * The ids, one for each image in its place: where a message's text has {@code <image>}, else before the text.
     *
     * @param bos begins a text
     * @throws ApiError as {@link ChatTemplate#render}, and for a template that does not show all images
     */
    public static int[] of(ChatTemplate template, Tokenizer tokenizer, LlavaSettings settings, List<ChatMessage> messages, OptionalInt bos) {
        List<ChatMessage> marked = messages.stream().map(m -> m.content().contains(ChatTemplate.IMAGE) ? new ChatMessage(m.role(), m.content()) : m).toList();
        String whole = template.render(marked);
        int given = marked.stream().mapToInt(m -> m.images() + places(m.content())).sum();
        if (places(whole) != given) {
            throw ApiError.field("messages", "the model's chat template shows " + places(whole) + " of the images of these messages, expected all, which are " + given
                    + "; it is no template for images");
        }
        if (settings.huggingFace()) {
            return begun(tokenizer.encode(whole), bos);
        }
        // The original's token for an image is none of the tokenizer's: the texts between are encoded each for itself (tokenizer_image_token).
        IntStream all = IntStream.empty();
        String[] texts = whole.split(ChatTemplate.IMAGE, -1);
        for (int i = 0; i < texts.length; i++) {
            int[] ids = begun(tokenizer.encode(texts[i]), bos);
            boolean begins = i > 0 && ids.length > 0 && bos.isPresent() && ids[0] == bos.getAsInt();
            IntStream own = Arrays.stream(ids).skip(begins ? 1 : 0);
            all = IntStream.concat(all, i == 0 ? own : IntStream.concat(IntStream.of(settings.placeholder()), own));
        }
        return all.toArray();
    }

    private static int places(String text) {
        return text.split(ChatTemplate.IMAGE, -1).length - 1;
    }

    /** A template may begin a text with the token that the tokenizer begins it with too. */
    private static int[] begun(long[] ids, OptionalInt bos) {
        boolean twice = ids.length > 1 && bos.isPresent() && ids[0] == bos.getAsInt() && ids[1] == bos.getAsInt();
        return Arrays.stream(ids).skip(twice ? 1 : 0).mapToInt(Math::toIntExact).toArray();
    }
}
