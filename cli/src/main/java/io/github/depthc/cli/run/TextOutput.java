// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.frontend.tokenizer.StreamDecoder;
import java.util.function.Consumer;

/** Turns tokens into text as they come and hands it on. Without a tokenizer the text is the ids, joined by commas. */
final class TextOutput {
    private final StreamDecoder decoder;
    private final Consumer<String> sink;
    private final StringBuilder all = new StringBuilder();

    /**
     * An output.
     *
     * @param decoder null where there is no tokenizer
     * @param sink    gets each piece of text
     */
    TextOutput(StreamDecoder decoder, Consumer<String> sink) {
        this.decoder = decoder;
        this.sink = sink;
    }

    void token(int id) {
        emit(decoder != null ? decoder.next(id) : (all.isEmpty() ? "" : ",") + id);
    }

    /** Everything, at the end. */
    String finish() {
        if (decoder != null) {
            emit(decoder.flush());
        }
        return all.toString();
    }

    private void emit(String text) {
        if (!text.isEmpty()) {
            all.append(text);
            sink.accept(text);
        }
    }
}
