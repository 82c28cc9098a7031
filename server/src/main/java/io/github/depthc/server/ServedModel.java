// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server;

import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.server.chat.ChatTemplate;

/**
 * What is served. Engine and tokenizer stay the caller's, who closes them after the server.
 *
 * @param name      what requests call it
 * @param engine    runs it; left alone while the server runs
 * @param tokenizer its tokenizer
 * @param template  makes prompts of conversations
 */
public record ServedModel(String name, Engine engine, Tokenizer tokenizer, ChatTemplate template) {
}
