// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.github.depthc.frontend.tokenizer.StreamDecoder;
import io.github.depthc.frontend.vision.MergedLayout;
import io.github.depthc.server.batch.BatchPrompt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A prompt that has been found in order.
 *
 * @param words  ids of its text, those of images left out
 * @param layout where its tokens come from; empty of text alone
 * @param batch  what is run
 */
record RequestPrompt(int[] words, Optional<MergedLayout> layout, BatchPrompt batch) {
    /** Text alone. */
    static RequestPrompt of(int... ids) {
        return new RequestPrompt(ids, Optional.empty(), BatchPrompt.of(ids));
    }

    /** The same as the tokenizer counts. */
    long[] longs() {
        return Arrays.stream(words).asLongStream().toArray();
    }

    /** Each token as text; one that has none, such as the one that begins a text, by its number, and one of an image by the image's. */
    List<String> labels(StreamDecoder decoder) {
        List<String> texts = Arrays.stream(words).mapToObj(id -> {
            String text = decoder.next(id);
            return text.isEmpty() ? "⟨" + id + "⟩" : text;
        }).toList();
        if (layout.isEmpty()) {
            return texts;
        }
        var labels = new ArrayList<String>();
        int word = 0;
        for (MergedLayout.Place place : layout.get().places()) {
            labels.add(place == null ? texts.get(word++) : "⟨image " + (place.image() + 1) + "⟩");
        }
        return labels;
    }
}
