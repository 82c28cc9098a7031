// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.server.jinja.TemplateException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Templates against Jinja2 itself, set up as transformers does it: {@code tools/goldens-chat}. */
final class TemplateGoldenTest {
    private static final LocalDateTime NOW = LocalDateTime.of(2024, 7, 6, 15, 4, 5);
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.USE_LONG_FOR_INTS);

    static String resource(String name) throws IOException {
        try (InputStream in = TemplateGoldenTest.class.getResourceAsStream("/chat/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    static List<JsonNode> rows(String name) throws IOException {
        var rows = new ArrayList<JsonNode>();
        for (String line : resource(name).lines().toList()) {
            rows.add(JSON.readTree(line));
        }
        return rows;
    }

    static Map<String, Object> values(JsonNode json) {
        return JSON.convertValue(json, new TypeReference<>() {
        });
    }

    static Stream<String> templates() throws IOException {
        return rows("expected.jsonl").stream().map(r -> r.get("template").textValue()).distinct();
    }

    /** Templates in the manner of published models, each with every conversation. */
    @ParameterizedTest
    @MethodSource("templates")
    void conversations(String name) throws IOException {
        Template template = Template.parse(resource(name + ".jinja"));
        JsonNode conversations = JSON.readTree(resource("conversations.json"));
        for (JsonNode row : rows("expected.jsonl")) {
            if (row.get("template").textValue().equals(name)) {
                var given = new HashMap<String, Object>(Map.of("bos_token", "<s>", "eos_token", "</s>"));
                given.putAll(values(conversations.get(row.get("conversation").textValue())));
                given.put("add_generation_prompt", row.get("prompt").booleanValue());
                assertEquals(expected(row), outcome(t -> t.render(given, NOW), template), row.get("conversation").textValue());
            }
        }
    }

    @Test
    void expressions() throws IOException {
        Map<String, Object> given = values(JSON.readTree(resource("context.json")));
        Set<String> refused = Set.copyOf(resource("refused.txt").lines().toList());
        assertAll(rows("expressions.jsonl").stream().map(row -> () -> {
            String template = row.get("template").textValue();
            assertEquals(refused.contains(template) ? "error: " : expected(row), outcome(t -> Template.parse(t).render(given, NOW), template), template);
        }));
    }

    /** What Jinja2 knows and is not there here says so, by name. */
    @Test
    void whatIsNotThereIsNamed() throws IOException {
        Map<String, Object> given = values(JSON.readTree(resource("context.json")));
        assertAll(resource("refused.txt").lines().map(template -> () -> {
            TemplateException e = assertThrows(TemplateException.class, () -> Template.parse(template).render(given, NOW), template);
            assertTrue(e.getMessage().matches("(?s)line 1: .*(here|expected|64 bits|no argument|does not end).*"), template + ": " + e.getMessage());
        }));
    }

    /** {@code docs/serving.md} lists what there is, and no more. */
    @Test
    void theDocumentListsFiltersAndTests() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("depthc.root"), "docs/serving.md"));
        assertEquals(new TreeSet<>(Filters.names()), listed(page, "- filters "));
        assertEquals(new TreeSet<>(Tests.names()), listed(page, "- tests "));
    }

    private static Set<String> listed(String page, String from) {
        String list = page.substring(page.indexOf(from));
        return Pattern.compile("`([^`]+)`").matcher(list.substring(0, list.indexOf("\n- "))).results().map(m -> m.group(1)).collect(Collectors.toCollection(TreeSet::new));
    }

    private static String expected(JsonNode row) {
        return row.has("text") ? row.get("text").textValue() : "error: " + row.path("message").asText();
    }

    private static <T> String outcome(Function<T, String> render, T template) {
        try {
            return render.apply(template);
        } catch (TemplateException e) {
            return "error: " + (e.reason() == Reason.RAISED ? e.getMessage().replaceFirst("^line \\d+: ", "") : "");
        }
    }
}
