// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** Tests by their names. */
final class Tests {
    private static final Map<String, Test> ALL = all();

    /** A test with its arguments. */
    record Test(Signature signature, Body body) {
        /** Whether it holds. */
        @FunctionalInterface
        interface Body {
            boolean holds(Work work, Object value, Given given);
        }
    }

    private Tests() {
    }

    private static Map<String, Test> all() {
        var all = new HashMap<String, Test>();
        plain(all, "defined", value -> !(value instanceof Undefined));
        plain(all, "undefined", value -> value instanceof Undefined);
        plain(all, "none", value -> value == null);
        plain(all, "string", value -> value instanceof String);
        plain(all, "mapping", value -> value instanceof Map<?, ?>);
        plain(all, "number", value -> Values.number(value) != null);
        plain(all, "integer", value -> value instanceof Long);
        plain(all, "float", value -> value instanceof Double);
        plain(all, "boolean", value -> value instanceof Boolean);
        plain(all, "true", value -> Boolean.TRUE.equals(value));
        plain(all, "false", value -> Boolean.FALSE.equals(value));
        plain(all, "callable", value -> value instanceof Function || value instanceof Undefined);
        plain(all, "sequence", value -> value instanceof List<?> || value instanceof String || value instanceof Map<?, ?> || value instanceof Undefined
                || value instanceof Sequence s && s.indexed());
        plain(all, "iterable", value -> value instanceof List<?> || value instanceof String || value instanceof Map<?, ?> || value instanceof Undefined || value instanceof Sequence);
        all.put("odd", test("", (work, value, given) -> remainder(work, value, 2L) == 1));
        all.put("even", test("", (work, value, given) -> remainder(work, value, 2L) == 0));
        all.put("divisibleby", test("num", (work, value, given) -> remainder(work, value, given.get("num")) == 0));
        all.put("sameas", test("other", (work, value, given) -> same(value, given.get("other"))));
        all.put("in", test("seq", (work, value, given) -> new Comparison(work).contains(given.get("seq"), value)));
        all.put("lower", test("", (work, value, given) -> TextMethods.isCase(work, PythonText.of(work, value), false)));
        all.put("upper", test("", (work, value, given) -> TextMethods.isCase(work, PythonText.of(work, value), true)));
        compared(all, "==", "eq", "equalto", "==");
        compared(all, "!=", "ne", "!=");
        compared(all, "<", "lt", "lessthan", "<");
        compared(all, "<=", "le", "<=");
        compared(all, ">", "gt", "greaterthan", ">");
        compared(all, ">=", "ge", ">=");
        return Map.copyOf(all);
    }

    private static Test test(String parameters, Test.Body body) {
        return new Test(Signature.of(parameters), body);
    }

    private static void plain(Map<String, Test> all, String name, Predicate<Object> holds) {
        all.put(name, test("", (work, value, given) -> holds.test(value)));
    }

    private static void compared(Map<String, Test> all, String operator, String... names) {
        for (String name : names) {
            all.put(name, test("other", (work, value, given) -> Evaluator.compared(work, operator, value, given.get("other"))));
        }
    }

    private static double remainder(Work work, Object value, Object by) {
        return ((Number) new Operators(work).apply("%", value, by)).doubleValue();
    }

    // What is the same thing: text and numbers are not asked whether they are one thing or two.
    private static boolean same(Object value, Object other) {
        return value == other || value instanceof Boolean && value.equals(other) || value instanceof Undefined && other instanceof Undefined;
    }

    static Set<String> names() {
        return ALL.keySet();
    }

    /** The test of a name; refuses what is none. */
    static Test of(String name) {
        Test test = ALL.get(name);
        if (test == null) {
            throw new TemplateException("the test " + name + " is not known here; docs/serving.md lists those that are");
        }
        return test;
    }

    static boolean holds(Work work, String name, Object value, List<Object> positional, Map<String, Object> named) {
        Test test = of(name);
        return test.body().holds(work, value, test.signature().bind("the test " + name, positional, named));
    }
}
