// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.MergedLayout;
import io.github.depthc.frontend.vision.TowerImage;
import io.github.depthc.image.ImageLimits;
import io.github.depthc.ir.InputException;
import io.github.depthc.server.ServedModel;
import io.github.depthc.server.api.ApiError;
import io.github.depthc.server.api.ApiLimits;
import io.github.depthc.server.api.ApiRequest;
import io.github.depthc.server.api.Prompt;
import io.github.depthc.server.batch.BatchPrompt;
import io.github.depthc.server.chat.ChatTemplate;
import io.github.depthc.server.chat.ConversationIds;
import io.github.depthc.server.vision.ServedVision;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** Makes of prompts what is run, and says how many new tokens a request gets. */
final class Prompts {
    /** No vocabulary has longer tokens: a text with more characters than this for each token that there may be is too long without being looked at. */
    private static final int LONGEST_TOKEN = 256;

    private final ServedModel model;
    private final ApiLimits limits;
    private final ImageLimits images;
    /** Held while a picture is decoded: they can be large, and a server has many threads. */
    private final ReentrantLock decoding = new ReentrantLock(true);

    Prompts(ServedModel model, ApiLimits limits, ImageLimits images) {
        this.model = model;
        this.limits = limits;
        this.images = images;
    }

    /** What is run of a prompt: at least one token and no more than there may be; else {@link ApiError}. */
    RequestPrompt of(Prompt prompt) {
        int[] ids = switch (prompt) {
            case Prompt.Ids(int[] given) -> given;
            case Prompt.Text(String text) -> {
                checkCharacters(prompt, text);
                yield encode(prompt, () -> ids(model.tokenizer().encode(text)));
            }
            case Prompt.Chat chat -> encode(prompt, () -> conversation(chat));
        };
        if (ids.length == 0) {
            throw ApiError.field(prompt.field(), "the prompt has no tokens, expected at least one");
        }
        RequestPrompt made = model.vision().isPresent() ? seen(prompt, ids, model.vision().get()) : RequestPrompt.of(ids);
        checkLength(prompt, made.batch().tokens());
        return made;
    }

    private int[] conversation(Prompt.Chat chat) {
        ChatTemplate template = model.template();
        if (model.vision().isPresent()) {
            return ConversationIds.of(template, model.tokenizer(), model.vision().get().settings(), chat.messages(), model.engine().info().tokens().bos());
        }
        String text = template.render(chat.messages());
        checkCharacters(chat, text);
        return ids(template.hasSpecialTokens() ? model.tokenizer().encodeWithoutSpecialTokens(text) : model.tokenizer().encode(text));
    }

    private RequestPrompt seen(Prompt prompt, int[] ids, ServedVision vision) {
        List<Prompt.ImagePart> shown = prompt instanceof Prompt.Chat chat ? chat.images() : List.of();
        LlavaSettings settings = vision.settings();
        try {
            MergedLayout.check(settings, ids, shown.size());
        } catch (InputException e) {
            throw ApiError.field(prompt.field(), e.getMessage());
        }
        if (shown.isEmpty()) {
            return RequestPrompt.of(ids);
        }
        // What cannot fit is not decoded.
        checkLength(prompt, ids.length - shown.size() + (long) shown.size() * settings.tower().positions());
        List<TowerImage> opened = opened(shown, vision);
        MergedLayout layout = MergedLayout.of(settings, ids, opened.stream().map(i -> i.layout(settings)).toList());
        if (layout.cut() > 0) {
            throw tooLong(prompt.field(), "the prompt has " + (layout.tokens() + layout.cut()) + " tokens, those of images too, expected at most " + layout.tokens()
                    + ", at which the model cuts prompts with images");
        }
        CandidateTokens candidates = CandidateTokens.ofImages(model.engine().info().candidates(), layout.candidates());
        int[] words = Arrays.stream(ids).filter(id -> id != settings.placeholder()).toArray();
        // Prepared images are large: they are not kept behind their turn.
        var held = new AtomicReference<>(opened);
        return new RequestPrompt(words, Optional.of(layout), new BatchPrompt(layout.tokens(), layout.visionTokens(), candidates,
                () -> new PromptInput(null, vision.tower().see(ids, held.getAndSet(null)).embeddings(), candidates, false)));
    }

    private List<TowerImage> opened(List<Prompt.ImagePart> shown, ServedVision vision) {
        decoding.lock();
        try {
            return shown.stream().map(part -> vision.open(part, images)).toList();
        } finally {
            decoding.unlock();
        }
    }

    private void checkCharacters(Prompt prompt, String text) {
        if (text.length() > (long) LONGEST_TOKEN * most()) {
            throw tooLong(prompt.field(), "the prompt has " + text.length() + " characters, more than " + most() + " tokens can have (the model's context is " + limits.context() + ")");
        }
    }

    private int most() {
        return Math.min(limits.promptTokens(), limits.context() - 1);
    }

    private void checkLength(Prompt prompt, long tokens) {
        int most = most();
        if (tokens > most) {
            throw tooLong(prompt.field(), "the prompt has " + tokens + " tokens, expected at most " + most + " (the model's context is " + limits.context() + ")");
        }
    }

    private static int[] ids(long[] encoded) {
        return Arrays.stream(encoded).mapToInt(Math::toIntExact).toArray();
    }

    private static int[] encode(Prompt prompt, Supplier<int[]> encoding) {
        try {
            return encoding.get();
        } catch (InputException e) {
            // The message names a file of this machine.
            throw ApiError.field(prompt.field(), "the prompt has a token that the model does not have");
        }
    }

    /** New tokens that a request gets: what it asks for, or what there is room for. */
    int newTokens(ApiRequest request, int promptTokens) {
        int room = limits.context() - promptTokens;
        if (request.newTokens().isPresent() && request.newTokens().getAsInt() > room) {
            throw tooLong("max_tokens", "the prompt has " + promptTokens + " tokens and " + request.newTokens().getAsInt() + " new ones are asked for, the model's context is "
                    + limits.context());
        }
        return request.newTokens().orElse(Math.min(room, limits.newTokens()));
    }

    private static ApiError tooLong(String field, String message) {
        return ApiError.field(400, "context_length_exceeded", field, message);
    }
}
