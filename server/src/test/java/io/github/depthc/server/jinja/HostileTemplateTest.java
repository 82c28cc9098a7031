// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.ThreadMXBean;
import io.github.depthc.server.jinja.TemplateException.Reason;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Templates that want all time, memory or stack there is, and broken ones: each ends soon, in text or in {@link TemplateException}. */
final class HostileTemplateTest {
    private static final Duration LONG = Duration.ofSeconds(5);
    private static final long MEMORY = 1L << 30;
    private static final int MUTATIONS = 6000;
    private static final String TEXT = "{% set ns = namespace(x='ab ') %}{% for i in range(19) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{% set x = ns.x %}";
    private static final String LOOP = "{% for i in range(100000) %}";
    private static final String END = "{% endfor %}";

    static Stream<String> tooMuch() {
        Stream<String> texts = Stream.of("x | upper", "x | replace('a', 'aaaaaaaa')", "x.replace('', 'q')", "x.split()", "x.split(' ')", "x | list", "x | trim", "x[::-1]", "x[1:]", "x ~ i", "x + 'a'",
                "x | tojson", "x | length", "x | wordcount", "x.find('q')", "x.count('ab')", "'q' in x", "x == x ~ ''", "x < x ~ 'a'", "x.strip('ba ')", "x.splitlines()", "x | indent", "x.title()",
                "x | reverse", "x.startswith('b') or x.endswith('q') or x.isalpha()", "[x] | join(',')", "x | sort", "x | unique | list", "x | map('upper') | list", "x | select('eq', 'a') | list", "x[i]", "x.rfind('q')",
                "x * 2", "x | int", "x | float", "x | string | default(x, true) | first", "{x: 1}[x]", "x | last", "x.join('abc')", "x is lower", "x | title", "x | capitalize", "x.rsplit('b')", "{'a': x} | tojson(indent=4)")
                .map(e -> TEXT + LOOP + "{% set y = " + e + " %}" + END);
        Stream<String> others = Stream.of(LOOP + LOOP + "{{ i }}" + END + END, LOOP + LOOP + END + END, LOOP + "{% set y = range(100000) | list %}" + END, LOOP + "{% set y = range(100000) | sort %}" + END,
                LOOP + "{% set y = [1] * 100000 %}" + END, "{% set ns = namespace(l=[1]) %}" + LOOP + "{% set ns.l = ns.l + ns.l %}" + END, "{% set ns = namespace(l=[1]) %}" + LOOP + "{% set ns.l = [ns.l, ns.l] %}" + END + "{{ ns.l }}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}", "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}",
                "{% set ns = namespace(l=[1], m=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% set ns.m = [ns.m, ns.m] %}{% endfor %}{{ ns.l == ns.m }}",
                "{% set ns = namespace(d={}) %}" + LOOP + "{% set ns.d = dict(ns.d, a=ns.d) %}" + END + "{{ ns.d }}", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
                "{% macro a(n) %}{% for i in range(9) %}{{ a(n + 1) if n < 99 }}{% endfor %}{% endmacro %}{{ a(0) }}", "{% macro m() %}{{ caller() }}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{% call m() %}{% endcall %}",
                "{{ 'a' * 1000000000 }}", "{{ 'a' * 9223372036854775807 }}", "{{ [0] * 9223372036854775807 }}", "{{ 'a' | indent(1000000000) | indent(1000000000, true) }}", "{{ range(1000000000) | list }}", "{{ range(-9223372036854775807, 9223372036854775807) | length }}",
                LOOP + "{{ 2 ** 62 }}{{ 1.5 ** 99999 }}" + END, LOOP + "{{ messages }}" + END, LOOP + "{{ messages | tojson(indent=9999) }}" + END, "{{ [1] | tojson(indent=1000000000) }}", "{{ [[[1]]] | tojson(indent='" + "z".repeat(100_000) + "') }}",
                LOOP + "{{ strftime_now('%A %B %d %Y %H:%M:%S') }}" + END, "{% set ns = namespace(s='%A') %}{% for i in range(22) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ strftime_now(ns.s) }}",
                LOOP + "{% for a in messages | sort(attribute='content') | map(attribute='role') | unique %}{{ a }}{% endfor %}" + END, LOOP + "{% with a = messages, b = messages | list %}{% filter upper %}{{ a }}{{ b }}{% endfilter %}{% endwith %}" + END,
                LOOP + "{% set y %}" + "x".repeat(10_000) + "{% endset %}" + END, LOOP + "{{ loop.changed(messages, i) }}" + END, "{% set ns = namespace(d={}) %}{% for i in range(100000) %}{% set ns.d = dict(ns.d, **{'a': i}) %}{% endfor %}",
                "{% set ns = namespace() %}{% for i in range(3000) %}{% set ns.x = ns %}{% endfor %}{{ ns }}{{ ns.x.x.x | string }}", LOOP + "{% if [1] * 5000 == [1] * 5000 %}{% endif %}" + END, LOOP + "{% if 7 in [1] * 5000 %}{% endif %}" + END,
                "{% set l = range(100000) | list %}" + LOOP + "{{ l | sum }}{{ l | max }}{{ l | first }}{{ l | join }}" + END, "{% set l = range(100000) | list %}{% for i in l | reverse %}{{ l[:i] | last }}{% endfor %}");
        return Stream.concat(texts, others);
    }

    /** Depth is of the template: to read it is refused. */
    static Stream<String> tooDeep() {
        return Stream.of("(", "[", "{'a':", "not ", "-", "- -", "x(", "x[", "x|f(", "1 if 1 else ", "x is eq ", "1 if (", "[[").map(s -> "{{ " + s.repeat(100_000))
                .mapMulti((s, all) -> {
                    all.accept(s);
                    all.accept(s + "1 }}");
                });
    }

    @ParameterizedTest
    @MethodSource("tooMuch")
    void endsSoonWithLittleMemory(String source) {
        var given = Map.<String, Object>of("messages", List.of(Map.of("role", "user", "content", "x".repeat(2000)), Map.of("role", "assistant", "content", "y")));
        assertTimeout(LONG, () -> {
            long before = allocated();
            outcome(source, given);
            long made = allocated() - before;
            assertTrue(made < MEMORY, () -> made + " bytes");
        });
    }

    @ParameterizedTest
    @MethodSource("tooDeep")
    void whatIsTooDeepIsRefusedWhenRead(String source) {
        assertTimeout(LONG, () -> assertThrows(TemplateException.class, () -> Template.parse(source)));
    }

    @Test
    void longTemplatesAreReadSoon() {
        assertTimeout(LONG, () -> {
            assertEquals("300", outcome("{{ 1" + " + 1".repeat(299) + " }}", Map.of()));
            outcome("{{ 1" + " + 1".repeat(100_000) + " }}", Map.of());
            outcome("{{ x" + ".a".repeat(100_000) + " }}", Map.of());
            outcome("{{ x" + "|upper".repeat(100_000) + " }}", Map.of("x", "a"));
            outcome("{{ 1" + " < 2".repeat(100_000) + " }}", Map.of());
            outcome("{% if 1 %}" + "{% elif 1 %}".repeat(100_000) + "{% endif %}", Map.of());
            outcome("{% if 1 %}".repeat(100_000), Map.of());
            outcome("{# ".repeat(100_000), Map.of());
            outcome("{% raw %} {% ".repeat(50_000), Map.of());
            outcome(" \n".repeat(300_000) + "{%- if 1 %}", Map.of());
        });
    }

    @Test
    void mutationsEndInTextOrInAnError() throws IOException {
        List<String> sources = new ArrayList<>();
        for (String name : TemplateGoldenTest.templates().toList()) {
            sources.add(TemplateGoldenTest.resource(name + ".jinja"));
        }
        TemplateGoldenTest.rows("expressions.jsonl").forEach(r -> sources.add(r.get("template").textValue()));
        JsonNode conversations = new ObjectMapper().readTree(TemplateGoldenTest.resource("conversations.json"));
        var given = new ArrayList<Map<String, Object>>();
        conversations.forEach(c -> given.add(new HashMap<>(TemplateGoldenTest.values(c))));
        var random = new Random(7);
        int texts = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            String source = mutated(sources, random);
            Map<String, Object> values = given.get(random.nextInt(given.size()));
            texts += assertTimeout(LONG, () -> outcome(source, values), source).startsWith("error: ") ? 0 : 1;
        }
        assertTrue(texts > MUTATIONS / 20 && texts < MUTATIONS, texts + " are still templates");
    }

    private static String mutated(List<String> sources, Random random) {
        var source = new StringBuilder(sources.get(random.nextInt(sources.size())));
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            String other = sources.get(random.nextInt(sources.size()));
            int from = random.nextInt(other.length() + 1);
            String part = other.substring(from, Math.min(other.length(), from + 1 + random.nextInt(12)));
            int at = random.nextInt(source.length() + 1);
            switch (random.nextInt(3)) {
                case 0 -> source.insert(at, part);
                case 1 -> source.delete(at, Math.min(source.length(), at + random.nextInt(6)));
                default -> source.replace(at, Math.min(source.length(), at + part.length()), part);
            }
        }
        return source.toString();
    }

    /** Text, or what is wrong. */
    private static String outcome(String source, Map<String, Object> values) {
        try {
            return Template.parse(source).render(values);
        } catch (TemplateException e) {
            assertFalse(e.reason() == Reason.RAISED && e.getMessage().isEmpty());
            return "error: " + e.getMessage();
        }
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }
}
