// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.ir.InputException;
import io.github.depthc.server.api.ApiError;
import io.github.depthc.server.api.Prompt.ChatMessage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a template is given, where it comes from, and whose mistake it is when it fails; what is made of it is {@code TemplateGoldenTest}'s. */
final class BundleTemplateTest {
    private static final List<ChatMessage> MESSAGES = List.of(new ChatMessage("system", "Be brief. "), new ChatMessage("user", " Hello, who are you?"),
            new ChatMessage("assistant", "A small model."), new ChatMessage("user", "Tell a story\nof two lines"));

    @TempDir
    private Path folder;

    private static String resource(String name) throws IOException {
        try (InputStream in = BundleTemplateTest.class.getResourceAsStream("/chat/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private ChatTemplate template(Object source) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), new ObjectMapper().writeValueAsString(
                Map.of("chat_template", source, "bos_token", Map.of("content", "<s>"), "eos_token", "</s>")));
        return BundleTemplate.of(folder).orElseThrow();
    }

    @Test
    void rendersMessages() throws IOException {
        assertEquals("<s>system Be brief. </s>user  Hello, who are you?</s>assistant A small model.</s>user Tell a story\nof two lines</s>true None", template(
                "{{ bos_token }}{% for m in messages %}{{ m.role }} {{ m.content }}{{ eos_token if not loop.last else '' }}{% endfor %}</s>{{ add_generation_prompt | tojson }} {{ tools }}")
                .render(MESSAGES));
    }

    @Test
    void aTemplateThatKnowsImagesGetsMessagesInParts() throws IOException {
        ChatTemplate llava = template(resource("llava.jinja"));
        assertEquals("Be brief. USER: <image>\n<image>\nWhat differs? ASSISTANT:",
                llava.render(List.of(new ChatMessage("system", "Be brief."), new ChatMessage("user", "What differs?", 2))));
        assertEquals("USER: Hello ASSISTANT: Hi USER: Bye ASSISTANT:",
                llava.render(List.of(new ChatMessage("user", "Hello"), new ChatMessage("assistant", "Hi"), new ChatMessage("user", "Bye"))));
        assertEquals("<image>\nx", template("{{ messages[0].content }}").render(List.of(new ChatMessage("user", "x", 1))));
    }

    @Test
    void vicuna() {
        String system = "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to "
                + "the user's questions.";
        assertEquals(system + " USER: <image>\nWhat is this? ASSISTANT:", new VicunaTemplate().render(List.of(new ChatMessage("user", "What is this?", 1))));
        assertEquals("Be brief. USER: a ASSISTANT: b</s>USER: c ASSISTANT:", new VicunaTemplate().render(List.of(new ChatMessage("system", "Be brief."),
                new ChatMessage("user", "a"), new ChatMessage("assistant", "b"), new ChatMessage("user", "c"))));
    }

    /** As Python has them: a no-break space is one. */
    @Test
    void spacesAreStripped() throws IOException {
        assertEquals("[a\u00a0b] [c]", template("{% set s = messages[0].content %}[{{ s | trim }}] [{{ '\u2007c\u0085'.strip() }}]").render(List.of(new ChatMessage("user", "\u00a0a\u00a0b \u202f", 0))));
    }

    @Test
    void datesAreInWords() throws IOException {
        String today = LocalDate.now().format(DateTimeFormatter.ofPattern("'Today is 'EEEE dd MMMM yyyy'T'", Locale.ENGLISH));
        assertEquals(today, template("{{ strftime_now('Today is %A %d %B %YT') }}").render(MESSAGES));
    }

    @Test
    void theDefaultOfSeveralIsTaken() throws IOException {
        assertEquals("b", template(List.of(Map.of("name", "tools", "template", "a"), Map.of("name", "default", "template", "b"))).render(MESSAGES));
    }

    @Test
    void aFileOfItsOwnComesFirst() throws IOException {
        template("config");
        Files.writeString(folder.resolve("chat_template.json"), "{\"chat_template\": \"json\"}");
        assertEquals("json", BundleTemplate.of(folder).orElseThrow().render(MESSAGES));
        Files.writeString(folder.resolve("chat_template.jinja"), "file");
        assertEquals("file", BundleTemplate.of(folder).orElseThrow().render(MESSAGES));
    }

    @Test
    void withoutOneThereIsNone() throws IOException {
        assertEquals(Optional.empty(), BundleTemplate.of(folder));
    }

    @Test
    void whatATemplateRefusesIsTheClientsMistake() throws IOException {
        ChatTemplate template = template(resource("llama2.jinja"));
        ApiError e = assertThrows(ApiError.class, () -> template.render(List.of(new ChatMessage("assistant", "a"))));
        assertEquals(400, e.status());
        assertEquals("the model's chat template refuses these messages: Conversation roles must alternate user/assistant/user/assistant/...", e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{% if %}", "{{ 1 +", "{% for x in y %}", "{% include 'x' %}", "{{ 'a }}", "{# x", "{% endif %}", "{{ \"\\u12\" }}", "{% else %}", "{{ $ }}", "{{ messages | nosuch }}",
        "{{ messages is nosuch }}", "{% nosuch %}", "{{ messages | join(',', 'a', 'b') }}", "{{ messages | trim(char='a') }}"})
    void whatIsNoTemplateIsRefused(String source) {
        InputException e = assertThrows(InputException.class, () -> template(source));
        assertTrue(e.getMessage().contains("tokenizer_config.json: the chat template cannot be read: line 1: "), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"chat_template.jinja", "chat_template.json", "tokenizer_config.json"})
    void aFileThatIsNoTextIsNamed(String name) throws IOException {
        Files.write(folder.resolve(name), new byte[] {'"', (byte) 0xff, '"'});
        InputException e = assertThrows(InputException.class, () -> BundleTemplate.of(folder));
        assertTrue(e.getMessage().startsWith(folder.resolve(name) + ": is not UTF-8 text; "), e.getMessage());
    }

    @Test
    void whatIsTooLongIsRefused() throws IOException {
        String source = "a".repeat((1 << 20) + 1);
        assertTrue(assertThrows(InputException.class, () -> template(source)).getMessage().contains("tokenizer_config.json: the chat template has 1048577 characters, expected at most 1048576"));
        Files.writeString(folder.resolve("chat_template.jinja"), source);
        assertTrue(assertThrows(InputException.class, () -> BundleTemplate.of(folder)).getMessage().contains("chat_template.jinja: the chat template has 1048577 characters"));
    }

    /** Nothing that a client sends changes it. */
    @ParameterizedTest
    @ValueSource(strings = {"{{ messages.__class__() }}", "{{ ''.getClass() }}", "{{ nothing.x }}", "{{ 1 // 0 }}", "{{ 'a' + 1 }}", "{{ 'a'.split('') | list }}", "{{ messages[0].content.nosuch() }}"})
    void aTemplateThatFailsIsTheServersMistake(String source) throws IOException {
        ChatTemplate template = template(source);
        ApiError e = assertThrows(ApiError.class, () -> template.render(MESSAGES));
        assertEquals(500, e.status());
        assertTrue(e.getMessage().startsWith("the model's chat template fails: line 1: "), e.getMessage());
    }

    /** Fewer messages may not be too much. */
    @ParameterizedTest
    @ValueSource(strings = {"{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set ns = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(40) %}{% set ns.x = ns.x + ns.x %}{% endfor %}"})
    void whatTakesTooMuchIsTheClientsMistake(String source) throws IOException {
        ChatTemplate template = template(source);
        ApiError e = assertThrows(ApiError.class, () -> template.render(MESSAGES));
        assertEquals(400, e.status());
        assertTrue(e.getMessage().startsWith("the model's chat template takes too much for these messages: line 1: "), e.getMessage());
    }
}
