// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.ir.InputException;
import io.github.depthc.server.ServedModel;
import io.github.depthc.server.api.ApiError;
import io.github.depthc.server.api.ApiLimits;
import io.github.depthc.server.api.ApiRequest;
import io.github.depthc.server.api.Prompt;
import java.util.Arrays;

/** Makes token ids of prompts and says how many new tokens a request gets. */
final class Prompts {
    private final ServedModel model;
    private final ApiLimits limits;

    Prompts(ServedModel model, ApiLimits limits) {
        this.model = model;
        this.limits = limits;
    }

    /** The ids, at least one and no more than there may be; else {@link ApiError}. */
    int[] ids(Prompt prompt) {
        int[] ids = switch (prompt) {
            case Prompt.Ids(int[] given) -> given;
            case Prompt.Text(String text) -> encode(text, true);
            case Prompt.Chat chat -> encode(model.template().render(chat.messages()), !model.template().hasSpecialTokens());
        };
        String field = prompt instanceof Prompt.Chat ? "messages" : "prompt";
        if (ids.length == 0) {
            throw ApiError.field(field, "the prompt has no tokens, expected at least one");
        }
        int most = Math.min(limits.promptTokens(), limits.context() - 1);
        if (ids.length > most) {
            throw tooLong("the prompt has " + ids.length + " tokens, expected at most " + most + " (the model's context is " + limits.context() + ")");
        }
        return ids;
    }

    private int[] encode(String text, boolean special) {
        Tokenizer tokenizer = model.tokenizer();
        try {
            return Arrays.stream(special ? tokenizer.encode(text) : tokenizer.encodeWithoutSpecialTokens(text)).mapToInt(Math::toIntExact).toArray();
        } catch (InputException e) {
            // The message names a file of this machine.
            throw ApiError.bad("the prompt has a token that the model does not have");
        }
    }

    /** New tokens that a request gets: what it asks for, or what there is room for. */
    int newTokens(ApiRequest request, int promptTokens) {
        int room = limits.context() - promptTokens;
        if (request.newTokens().isPresent() && request.newTokens().getAsInt() > room) {
            throw tooLong("the prompt has " + promptTokens + " tokens and " + request.newTokens().getAsInt() + " new ones are asked for, the model's context is "
                    + limits.context());
        }
        return request.newTokens().orElse(Math.min(room, limits.newTokens()));
    }

    private static ApiError tooLong(String message) {
        return ApiError.of(400, "context_length_exceeded", message);
    }
}
