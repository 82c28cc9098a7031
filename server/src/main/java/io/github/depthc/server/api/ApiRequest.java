// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.runtime.SamplingOptions;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * A request for text, of either kind.
 *
 * @param model     the model it names; empty for whichever there is
 * @param prompt    what to go on from
 * @param newTokens new tokens at most; empty where the request leaves it open
 * @param sampling  how tokens are chosen
 * @param stop      texts that end the answer and are not part of it
 * @param stream    whether the answer comes piece by piece
 * @param usage     whether a stream ends with what it cost
 * @param routing   whether a stream begins with which tokens each layer processed
 */
public record ApiRequest(Optional<String> model, Prompt prompt, OptionalInt newTokens, SamplingOptions sampling, List<String> stop,
        boolean stream, boolean usage, boolean routing) {
    private static final int MOST_STOPS = 4;
    private static final int LONGEST_STOP = 1024;
    private static final double HOTTEST = 2;
    private static final int COMPLETION_TOKENS = 16;

    public ApiRequest {
        stop = List.copyOf(stop);
    }

    /**
     * Reads the body of {@code /v1/completions}.
     *
     * @param freshSeed the seed when the request gives none
     * @throws ApiError for what is wrong with it
     */
    public static ApiRequest completion(byte[] body, ApiLimits limits, long freshSeed) {
        var fields = new Fields(RequestJson.read(body), "");
        Prompt prompt = prompt(fields.take("prompt").orElseThrow(() -> ApiError.field("prompt", "prompt is missing, expected a string or an array of token ids")),
                limits);
        OptionalInt newTokens = fields.integer("max_tokens", 1, limits.newTokens());
        fields.only("best_of", isNumber(1), "1");
        fields.only("echo", isFalse(), "false");
        fields.only("logprobs", n -> false, "null");
        fields.only("suffix", n -> n.isTextual() && n.textValue().isEmpty(), "null");
        return common(fields, prompt, newTokens.isPresent() ? newTokens : OptionalInt.of(Math.min(COMPLETION_TOKENS, limits.newTokens())), freshSeed);
    }

    /** Reads the body of {@code /v1/chat/completions}; as {@link #completion}. */
    public static ApiRequest chat(byte[] body, ApiLimits limits, long freshSeed) {
        var fields = new Fields(RequestJson.read(body), "");
        Prompt prompt = ChatMessages.read(fields.take("messages").orElseThrow(() -> ApiError.field("messages", "messages is missing, expected an array of messages")), limits.images());
        OptionalInt newTokens = fields.integer("max_completion_tokens", 1, limits.newTokens());
        OptionalInt older = fields.integer("max_tokens", 1, limits.newTokens());
        if (newTokens.isPresent() && older.isPresent() && newTokens.getAsInt() != older.getAsInt()) {
            throw ApiError.field("max_tokens", "max_tokens is " + older.getAsInt() + " and max_completion_tokens is " + newTokens.getAsInt() + ", expected one of them, or the same in both");
        }
        fields.only("logprobs", isFalse(), "false");
        fields.only("top_logprobs", isNumber(0), "0");
        fields.only("tools", Fields.isEmpty(), "an empty array");
        fields.only("tool_choice", n -> n.isTextual() && n.textValue().equals("none"), "\"none\"");
        fields.only("functions", Fields.isEmpty(), "an empty array");
        fields.only("function_call", n -> n.isTextual() && n.textValue().equals("none"), "\"none\"");
        fields.only("modalities", n -> n.isArray() && n.size() == 1 && n.get(0).asText().equals("text"), "[\"text\"]");
        fields.only("response_format", n -> n.path("type").asText().equals("text"), "{\"type\": \"text\"}");
        fields.unsupported("audio", "prediction", "reasoning_effort", "verbosity", "web_search_options");
        fields.ignore("parallel_tool_calls");
        return common(fields, prompt, newTokens.isPresent() ? newTokens : older, freshSeed);
    }

    /** The same without the files of its images, which need not be kept while it runs. */
    public ApiRequest withoutImages() {
        return prompt instanceof Prompt.Chat chat && !chat.images().isEmpty()
                ? new ApiRequest(model, new Prompt.Chat(chat.messages()), newTokens, sampling, stop, stream, usage, routing) : this;
    }

    private static ApiRequest common(Fields fields, Prompt prompt, OptionalInt newTokens, long freshSeed) {
        Optional<String> model = fields.text("model");
        double temperature = fields.number("temperature", 0, HOTTEST).orElse(1.0);
        double topP = fields.number("top_p", 0, 1).orElse(1.0);
        OptionalLong seed = fields.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE);
        List<String> stop = fields.take("stop").map(ApiRequest::stops).orElse(List.of());
        boolean stream = fields.flag("stream");
        StreamOptions options = fields.take("stream_options").map(node -> streamOptions(node, stream)).orElse(new StreamOptions(false, false));
        fields.only("n", isNumber(1), "1");
        fields.only("frequency_penalty", isNumber(0), "0");
        fields.only("presence_penalty", isNumber(0), "0");
        fields.only("logit_bias", Fields.isEmpty(), "an empty object");
        fields.ignore("user", "store", "metadata", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention");
        fields.end();
        // OpenAI's API takes 0, which leaves the most probable token.
        SamplingOptions sampling = temperature == 0 || topP == 0 ? SamplingOptions.GREEDY
                : new SamplingOptions(temperature, topP, seed.orElse(freshSeed));
        return new ApiRequest(model, prompt, newTokens, sampling, stop, stream, options.usage, options.routing);
    }

    private static Prompt prompt(JsonNode node, ApiLimits limits) {
        if (node.isTextual()) {
            return new Prompt.Text(Fields.text(node, "prompt"));
        }
        if (beginsWithNumber(node)) {
            return ids(node, "prompt", limits);
        }
        // OpenAI's API takes several prompts: texts, or arrays of token ids.
        if (node.isArray() && !node.isEmpty() && (node.get(0).isTextual() || beginsWithNumber(node.get(0)))) {
            boolean texts = node.get(0).isTextual();
            if (node.size() > 1) {
                throw ApiError.unsupported("prompt", "prompt has " + node.size() + (texts ? " texts" : " arrays of token ids") + ", expected one; send a request for each");
            }
            return texts ? new Prompt.Text(Fields.text(node.get(0), "prompt[0]")) : ids(node.get(0), "prompt[0]", limits);
        }
        throw ApiError.field("prompt", "prompt is " + described(node) + ", expected a string or an array of token ids");
    }

    private static boolean beginsWithNumber(JsonNode node) {
        return node.isArray() && node.path(0).isNumber();
    }

    private static Prompt.Ids ids(JsonNode node, String name, ApiLimits limits) {
        var ids = new int[node.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) Fields.integer(node.get(i), name + "[" + i + "]", 0, limits.vocab() - 1);
        }
        return new Prompt.Ids(ids);
    }

    private static String described(JsonNode node) {
        if (!node.isArray()) {
            return Fields.kind(node);
        }
        return node.isEmpty() ? "an empty array" : "an array that begins with " + described(node.get(0));
    }

    private static List<String> stops(JsonNode node) {
        var stops = new ArrayList<String>();
        if (node.isArray()) {
            for (int i = 0; i < Math.min(node.size(), MOST_STOPS + 1); i++) {
                stops.add(Fields.text(node.get(i), "stop[" + i + "]"));
            }
        } else {
            stops.add(Fields.text(node, "stop"));
        }
        String expected = ", expected up to " + MOST_STOPS + " texts of 1 to " + LONGEST_STOP + " characters";
        if (stops.size() > MOST_STOPS) {
            throw ApiError.field("stop", "stop has " + node.size() + " texts" + expected);
        }
        stops.stream().filter(s -> s.isEmpty() || s.length() > LONGEST_STOP).findFirst().ifPresent(s -> {
            throw ApiError.field("stop", "stop has a text of " + s.length() + " characters" + expected);
        });
        return stops.stream().distinct().toList();
    }

    private record StreamOptions(boolean usage, boolean routing) {
    }

    private static StreamOptions streamOptions(JsonNode node, boolean stream) {
        if (!(node instanceof ObjectNode object)) {
            throw ApiError.field("stream_options", "stream_options is " + Fields.kind(node) + ", expected an object");
        }
        if (!stream) {
            throw ApiError.field("stream_options", "stream_options goes with \"stream\": true only");
        }
        var fields = new Fields(object, "stream_options.");
        boolean usage = fields.flag("include_usage");
        boolean routing = fields.flag("include_routing");
        fields.ignore("include_obfuscation");
        fields.end();
        return new StreamOptions(usage, routing);
    }

    private static Predicate<JsonNode> isNumber(int value) {
        return n -> n.isNumber() && n.decimalValue().compareTo(BigDecimal.valueOf(value)) == 0;
    }

    private static Predicate<JsonNode> isFalse() {
        return n -> n.isBoolean() && !n.booleanValue();
    }
}
