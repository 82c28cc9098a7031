// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import io.github.depthc.server.jinja.TemplateException.Reason;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Functions that every template has. */
final class Globals {
    // As Jinja's sandbox has it.
    private static final long LONGEST_RANGE = 100_000;

    private Globals() {
    }

    static void define(Work work, Scope scope, LocalDateTime now) {
        scope.set("raise_exception", Function.of("raise_exception", "message", given -> {
            throw new TemplateException(PythonText.of(work, given.get("message")), Reason.RAISED);
        }));
        scope.set("strftime_now", Function.of("strftime_now", "format", given -> {
            String format = Values.string(given.get("format"));
            work.make((long) Work.STEP * format.length());
            return Dates.text(now, format);
        }));
        Signature bounds = Signature.of("start stop? step?");
        scope.set("range", (Function) (arguments, named) -> {
            if (!named.isEmpty()) {
                throw new TemplateException("range takes no arguments with names");
            }
            return range(work, bounds.bind("range", arguments, named));
        });
        scope.set("namespace", (Function) (arguments, named) -> new Namespace(map(work, "namespace", arguments, named)));
        scope.set("dict", (Function) (arguments, named) -> map(work, "dict", arguments, named));
        for (String name : List.of("cycler", "joiner", "lipsum", "self")) {
            scope.set(name, Function.missing("the function " + name));
        }
    }

    private static Map<Object, Object> map(Work work, String name, List<Object> arguments, Map<String, Object> named) {
        var map = new LinkedHashMap<Object, Object>();
        if (!arguments.isEmpty()) {
            if (arguments.size() > 1 || !(arguments.getFirst() instanceof Map<?, ?> values)) {
                throw new TemplateException(name + " takes names with values, or one mapping, here");
            }
            work.make((long) Work.ENTRY * values.size());
            map.putAll(values);
        }
        work.make(Work.OBJECT + (long) Work.ENTRY * named.size());
        map.putAll(named);
        return map;
    }

    private static Object range(Work work, Given given) {
        long first = Values.whole(given.get("start"));
        long from = given.has("stop") ? first : 0;
        long to = given.has("stop") ? Values.whole(given.get("stop")) : first;
        long step = Values.whole(given.or("step", 1L));
        if (step == 0) {
            throw new TemplateException("range in steps of 0");
        }
        double length = Math.ceil(((double) to - from) / step);
        if (length > LONGEST_RANGE) {
            throw new TemplateException("a range of " + (long) length + " numbers, expected at most " + LONGEST_RANGE, Reason.LIMIT);
        }
        work.list(Work.OBJECT * (long) Math.max(0, length));
        var numbers = new ArrayList<Object>();
        for (int i = 0; i < length; i++) {
            numbers.add(from + i * step);
        }
        return Sequence.range("range(" + from + ", " + to + (step == 1 ? "" : ", " + step) + ")", numbers);
    }
}
