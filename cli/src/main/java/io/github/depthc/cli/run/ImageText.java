// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.ir.InputException;
import io.github.depthc.server.api.ApiError;
import io.github.depthc.server.api.Prompt.ChatMessage;
import io.github.depthc.server.chat.BundleTemplate;
import io.github.depthc.server.chat.ChatTemplate;
import io.github.depthc.server.chat.VicunaTemplate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

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
        turn.add(new ChatMessage("user", text, text.contains(ChatTemplate.IMAGE) ? 0 : images));
        String whole;
        try {
            whole = template.render(turn);
        } catch (ApiError e) {
            throw new InputException(e.getMessage(), e);
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

    /** A template may begin a text with the token that the tokenizer begins it with too. */
    private static int[] begun(long[] ids, OptionalInt bos) {
        boolean twice = ids.length > 1 && bos.isPresent() && ids[0] == bos.getAsInt() && ids[1] == bos.getAsInt();
        return Arrays.stream(ids).skip(twice ? 1 : 0).mapToInt(Math::toIntExact).toArray();
    }

    /** What it is called in a report. */
    String name() {
        return own ? "the model's chat template" : "Vicuna v1 (the model has no chat template)";
    }
}
