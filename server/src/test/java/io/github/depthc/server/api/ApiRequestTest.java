// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.runtime.SamplingOptions;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ApiRequestTest {
    private static final ApiLimits LIMITS = new ApiLimits(64, 50, 40, 32, false);

    private static ApiRequest completion(String json) {
        return ApiRequest.completion(json.getBytes(StandardCharsets.UTF_8), LIMITS, 5);
    }

    private static ApiRequest chat(String json) {
        return ApiRequest.chat(json.getBytes(StandardCharsets.UTF_8), LIMITS, 5);
    }

    @Test
    void whatIsNotSaidIsAsOpenAiHasIt() {
        ApiRequest r = completion("{\"prompt\": \"a\"}");
        assertEquals(new Prompt.Text("a"), r.prompt());
        assertEquals(OptionalInt.of(16), r.newTokens());
        assertEquals(new SamplingOptions(1, 1, 5), r.sampling());
        assertEquals(OptionalInt.empty(), chat("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}").newTokens());
    }

    @Test
    void everythingSaidIsTaken() {
        ApiRequest r = completion("{\"model\": \"m\", \"prompt\": [1, 31], \"max_tokens\": 3, \"temperature\": 0.5, \"top_p\": 0.25, \"seed\": -9, "
                + "\"stop\": [\"x\", \"y\"], \"stream\": true, \"stream_options\": {\"include_usage\": true}, \"n\": 1, \"echo\": false, \"logit_bias\": {}, "
                + "\"frequency_penalty\": 0.0, \"user\": \"u\"}");
        assertArrayEquals(new int[] {1, 31}, ((Prompt.Ids) r.prompt()).ids());
        assertEquals(new SamplingOptions(0.5, 0.25, -9), r.sampling());
        assertEquals(List.of("x", "y"), r.stop());
        assertTrue(r.stream() && r.usage());
        assertEquals(SamplingOptions.GREEDY, completion("{\"prompt\": \"a\", \"temperature\": 0}").sampling());
    }

    @Test
    void aPromptMayStandAloneInAnArray() {
        assertEquals(new Prompt.Text("a"), completion("{\"prompt\": [\"a\"]}").prompt());
        assertArrayEquals(new int[] {1, 31}, ((Prompt.Ids) completion("{\"prompt\": [[1, 31]]}").prompt()).ids());
    }

    @Test
    void aFieldThatIsNullIsAsIfItWereAbsent() {
        assertEquals(completion("{\"prompt\": \"a\"}"), completion("{\"prompt\": \"a\", \"max_tokens\": null, \"reasoning_effort\": null, \"temprature\": null}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"audio", "prediction", "reasoning_effort", "verbosity", "web_search_options"})
    void whatOpenAisApiHasAndThisHasNotIsSaid(String field) {
        String chat = "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"" + field + "\": ";
        ApiError e = assertThrows(ApiError.class, () -> chat(chat + "\"low\"}"));
        assertEquals(field + " is not supported here, expected nothing", e.getMessage());
        assertEquals("unsupported", e.json().at("/error/code").textValue());
        assertEquals(Optional.of(field), e.param());
        assertTrue(chat(chat + "null, \"prompt_cache_retention\": \"24h\"}").prompt() instanceof Prompt.Chat);
    }

    @Test
    void messagesMayHaveParts() {
        ApiRequest r = chat("{\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"a\"}, "
                + "{\"type\": \"text\", \"text\": \"b\"}]}], \"max_completion_tokens\": 4}");
        assertEquals(new Prompt.Chat(List.of(new Prompt.ChatMessage("system", "s"), new Prompt.ChatMessage("user", "ab"))), r.prompt());
        assertEquals(OptionalInt.of(4), r.newTokens());
    }

    @Test
    void theOlderNameOfTheLengthMayNotSayAnother() {
        String chat = "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"max_completion_tokens\": 4, \"max_tokens\": ";
        assertEquals(OptionalInt.of(4), chat(chat + "4}").newTokens());
        ApiError e = assertThrows(ApiError.class, () -> chat(chat + "5}"));
        assertEquals("max_tokens is 5 and max_completion_tokens is 4, expected one of them, or the same in both", e.getMessage());
        assertEquals(400, e.status());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "''|the body is empty, expected a JSON object",
        "[]|the body is an array, expected a JSON object",
        "{} {}|the body is not valid JSON: Trailing token",
        "{\"prompt\": \"a\"|the body is not valid JSON: Unexpected end-of-input",
        "{\"prompt\": 'a'}|the body is not valid JSON: Unexpected character",
        "{\"prompt\": \"a\", \"prompt\": \"b\"}|the body is not valid JSON: Duplicate",
        "{}|prompt is missing, expected a string or an array of token ids",
        "{\"prompt\": {}}|prompt is an object, expected a string or an array of token ids",
        "{\"prompt\": []}|prompt is an empty array",
        "{\"prompt\": [1.5]}|prompt[0] is the number 1.5, expected a whole number from 0 to 31",
        "{\"prompt\": [32]}|prompt[0] is 32, expected 0 to 31",
        "{\"prompt\": [1, \"a\"]}|prompt[1] is a string",
        "{\"prompt\": [\"a\", \"b\"]}|prompt has 2 texts, expected one",
        "{\"prompt\": [[1], [2]]}|prompt has 2 arrays of token ids, expected one",
        "{\"prompt\": [[1, 32]]}|prompt[0][1] is 32, expected 0 to 31",
        "{\"prompt\": [[\"a\"]]}|prompt is an array that begins with an array that begins with a string, expected a string or an array of token ids",
        "{\"prompt\": [[[1]]]}|prompt is an array that begins with an array that begins with an array that begins with the number 1, expected",
        "{\"prompt\": [[]]}|prompt is an array that begins with an empty array, expected",
        "{\"prompt\": \"\\ud800\"}|prompt has half of a surrogate pair at position 0",
        "{\"prompt\": \"a\", \"max_tokens\": 0}|max_tokens is 0, expected 1 to 40",
        "{\"prompt\": \"a\", \"max_tokens\": 1e400}|max_tokens is 1E+400, expected 1 to 40",
        "{\"prompt\": \"a\", \"max_tokens\": 99999999999999999999}|max_tokens is 99999999999999999999, expected 1 to 40",
        "{\"prompt\": \"a\", \"max_tokens\": true}|max_tokens is true, expected a whole number",
        "{\"prompt\": \"a\", \"temperature\": 2.1}|temperature is 2.1, expected 0.0 to 2.0",
        "{\"prompt\": \"a\", \"temperature\": 1e999}|temperature is ",
        "{\"prompt\": \"a\", \"temperature\": NaN}|the body is not valid JSON: Non-standard token 'NaN'",
        "{\"prompt\": \"a\", \"temperature\": \"0\"}|temperature is a string, expected a number",
        "{\"prompt\": \"a\", \"top_p\": -1}|top_p is -1, expected 0.0 to 1.0",
        "{\"prompt\": \"a\", \"seed\": 9223372036854775808}|seed is 9223372036854775808, expected",
        "{\"prompt\": \"a\", \"stop\": \"\"}|stop has a text of 0 characters, expected up to 4",
        "{\"prompt\": \"a\", \"stop\": [\"a\", \"b\", \"c\", \"d\", \"e\"]}|stop has 5 texts, expected up to 4",
        "{\"prompt\": \"a\", \"stream\": 1}|stream is the number 1, expected true or false",
        "{\"prompt\": \"a\", \"stream_options\": {}}|stream_options goes with",
        "{\"prompt\": \"a\", \"n\": 2}|n is not supported here, expected 1 or nothing",
        "{\"prompt\": \"a\", \"logprobs\": 3}|logprobs is not supported here",
        "{\"prompt\": \"a\", \"temprature\": 1}|there is no field temprature; known here: best_of",
        "{\"prompt\": \"a\", \"messages\": []}|there is no field messages",
    })
    void whatIsWrongIsSaid(String body, String message) {
        ApiError e = assertThrows(ApiError.class, () -> completion(body));
        assertTrue(e.getMessage().startsWith(message), e.getMessage());
        assertEquals(400, e.status());
        assertEquals(1, e.getMessage().lines().count());
    }

    private static Prompt.Chat withImages(String parts) {
        String json = "{\"messages\": [{\"role\": \"user\", \"content\": [" + parts + "]}]}";
        return (Prompt.Chat) ApiRequest.chat(json.getBytes(StandardCharsets.UTF_8), new ApiLimits(64, 50, 40, 32, true), 5).prompt();
    }

    @Test
    void messagesMayShowImages() {
        Prompt.Chat chat = withImages("{\"type\": \"text\", \"text\": \"a\"}, {\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png;base64,AQID\"}}, "
                + "{\"type\": \"text\", \"text\": \"b\"}, {\"type\": \"image_url\", \"image_url\": {\"url\": \"DATA:image/x-y+z;base64,BA==\", \"detail\": \"low\"}}");
        assertEquals(List.of(new Prompt.ChatMessage("user", "ab", 2)), chat.messages());
        assertArrayEquals(new byte[] {1, 2, 3}, chat.images().get(0).file());
        assertArrayEquals(new byte[] {4}, chat.images().get(1).file());
        assertEquals("messages[0].content[3].image_url.url", chat.images().get(1).field());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"type\": \"image_url\"}|messages[0].content[0].image_url is missing",
        "{\"type\": \"image_url\", \"image_url\": \"data:image/png;base64,AA==\"}|messages[0].content[0].image_url is a string, expected an object with url",
        "{\"type\": \"image_url\", \"image_url\": {}}|messages[0].content[0].image_url.url is missing",
        "{\"type\": \"image_url\", \"image_url\": {\"url\": \"https://a.example/b.png\"}}|messages[0].content[0].image_url.url begins with \"https://a.example/b.png\", expected "
                + "data:image/png;base64,… (or jpeg, webp): this server fetches nothing, so that",
        "{\"type\": \"image_url\", \"image_url\": {\"url\": \"file:///etc/passwd\"}}|messages[0].content[0].image_url.url begins with \"file:///etc/passwd\", expected "
                + "data:image/png;base64,… (or jpeg, webp): this server fetches nothing, so that",
        "{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png,abc\"}}|messages[0].content[0].image_url.url begins with \"data:image/png,abc\", expected",
        "{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:text/html;base64,AA==\"}}|messages[0].content[0].image_url.url begins with \"data:text/html;base64,AA==\"",
        "{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png;base64,A*==\"}}|messages[0].content[0].image_url.url is no base64 behind its comma: ",
        "{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png;base64,AA==\", \"detail\": \"fine\"}}|messages[0].content[0].image_url.detail is \"fine\"",
        "{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png;base64,AA==\", \"x\": 1}}|there is no field messages[0].content[0].image_url.x",
        "{\"type\": \"input_audio\"}|messages[0].content[0].type is \"input_audio\", expected text or image_url",
    })
    void whatIsWrongWithImagesIsSaid(String part, String message) {
        ApiError e = assertThrows(ApiError.class, () -> withImages(part));
        assertTrue(e.getMessage().startsWith(message), e.getMessage());
        assertEquals(400, e.status());
    }

    @Test
    void onlyUsersShowImages() {
        String json = "{\"messages\": [{\"role\": \"system\", \"content\": [{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png;base64,AA==\"}}]}]}";
        ApiError e = assertThrows(ApiError.class, () -> ApiRequest.chat(json.getBytes(StandardCharsets.UTF_8), new ApiLimits(64, 50, 40, 32, true), 5));
        assertTrue(e.getMessage().startsWith("messages[0].content shows an image, which only messages of the role user do"), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{}|messages is missing",
        "{\"messages\": []}|messages is an array of 0",
        "{\"messages\": [1]}|messages[0] is the number 1",
        "{\"messages\": [{}]}|messages[0].role is missing",
        "{\"messages\": [{\"role\": \"pirate\", \"content\": \"a\"}]}|messages[0].role is \"pirate\"",
        "{\"messages\": [{\"role\": \"user\"}]}|messages[0].content is missing, expected a string or an array of parts",
        "{\"messages\": [{\"role\": \"assistant\", \"content\": null}]}|messages[0].content is null, expected a string or an array of parts",
        "{\"messages\": [{\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{}]}]}|messages[0].tool_calls is not supported here",
        "{\"messages\": [{\"role\": \"assistant\", \"content\": \"a\", \"audio\": {\"id\": \"x\"}}]}|messages[0].audio is not supported here",
        "{\"messages\": [{\"role\": \"user\", \"content\": 1}]}|messages[0].content is the number 1",
        "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\", \"image_url\": {}}]}]}|messages[0].content[0].type is \"image_url\", but this model takes no images",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"a\", \"x\": 1}]}|there is no field messages[0].x",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"tools\": [{}]}|tools is not supported here",
    })
    void whatIsWrongWithMessagesIsSaid(String body, String message) {
        ApiError e = assertThrows(ApiError.class, () -> chat(body));
        assertTrue(e.getMessage().startsWith(message), e.getMessage());
    }

    @Test
    void bytesThatAreNoTextAreRefused() {
        ApiError e = assertThrows(ApiError.class, () -> ApiRequest.completion(new byte[] {'{', '"', (byte) 0xc3, '"', '}'}, LIMITS, 0));
        assertEquals("the body is not valid UTF-8", e.getMessage());
    }

    @Test
    void deepNestingIsRefused() {
        ApiError e = assertThrows(ApiError.class, () -> completion("{\"prompt\": " + "[".repeat(100_000)));
        assertTrue(e.getMessage().startsWith("the body is not valid JSON: Document nesting depth"), e.getMessage());
    }
}
