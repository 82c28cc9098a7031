// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server;

import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.server.chat.ChatTemplate;
import io.github.depthc.server.vision.ServedVision;
import java.util.Optional;

/**
 * What is served. Engine, tokenizer and vision tower stay the caller's, who closes them after the server.
 *
 * @param name      what requests call it
 * @param engine    runs it; left alone while the server runs
 * @param tokenizer its tokenizer
 * @param template  makes prompts of conversations
 * @param vision    sees images; empty of a model that takes text alone
 */
public record ServedModel(String name, Engine engine, Tokenizer tokenizer, ChatTemplate template, Optional<ServedVision> vision) {
    /** The same with another template. */
    public ServedModel withTemplate(ChatTemplate other) {
        return new ServedModel(name, engine, tokenizer, other, vision);
    }
}
