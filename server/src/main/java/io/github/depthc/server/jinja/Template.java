// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;

/** A template that has been read. Thread-safe. */
public final class Template {
    private static final int LONGEST_RANGE = 100_000;

    private final List<Stmt> statements;

    private Template(List<Stmt> statements) {
        this.statements = statements;
    }

    /** Reads a template; {@link TemplateException} with the line of what is wrong. */
    public static Template parse(String source) {
        return new Template(Parser.parse(source));
    }

    /**
     * The text that it makes.
     *
     * @param values names and what they stand for: strings, {@code Long}, {@code Double}, booleans, null, lists, maps
     * @throws TemplateException when it cannot, or refuses
     */
    public String render(Map<String, Object> values) {
        var scope = new Scope(null);
        scope.set("raise_exception", (Function) (arguments, named) -> {
            throw new TemplateException(arguments.isEmpty() ? "" : Values.text(arguments.getFirst()), true);
        });
        scope.set("namespace", (Function) (arguments, named) -> new Render.Namespace(new LinkedHashMap<>(named)));
        scope.set("range", (Function) (arguments, named) -> range(arguments));
        scope.set("dict", (Function) (arguments, named) -> named);
        scope.set("strftime_now", (Function) (arguments, named) -> date(arguments.isEmpty() ? "" : Values.text(arguments.getFirst())));
        values.forEach(scope::set);
        try {
            return new Render().run(statements, scope);
        } catch (IndexOutOfBoundsException | NoSuchElementException e) {
            throw new TemplateException("an argument is missing");
        } catch (ArithmeticException | NumberFormatException e) {
            throw new TemplateException("a number is not right: " + e.getMessage());
        }
    }

    private static Object range(List<Object> arguments) {
        long from = arguments.size() < 2 ? 0 : Values.whole(arguments.getFirst());
        long to = Values.whole(arguments.get(arguments.size() < 2 ? 0 : 1));
        long step = arguments.size() < 3 ? 1 : Values.whole(arguments.get(2));
        if (step == 0 || (to - from) / step > LONGEST_RANGE) {
            throw new TemplateException("a range that is too long");
        }
        var numbers = new ArrayList<Object>();
        for (long i = from; step > 0 ? i < to : i > to; i += step) {
            numbers.add(i);
        }
        return numbers;
    }

    /** The fields of strftime that templates ask for, as {@link DateTimeFormatter} has them. */
    private static final Map<Character, String> DATE_FIELDS = Map.of('d', "dd", 'B', "MMMM", 'b', "MMM", 'Y', "yyyy", 'm', "MM", 'A', "EEEE", 'a', "EEE", 'y', "yy");

    private static String date(String format) {
        var text = new StringBuilder();
        LocalDate today = LocalDate.now();
        for (int i = 0; i < format.length(); i++) {
            if (format.charAt(i) != '%') {
                text.append(format.charAt(i));
                continue;
            }
            i++;
            String field = i < format.length() ? DATE_FIELDS.get(format.charAt(i)) : null;
            if (field == null) {
                throw new TemplateException("the date format " + format + " is not known");
            }
            text.append(today.format(DateTimeFormatter.ofPattern(field, Locale.ENGLISH)));
        }
        return text.toString();
    }
}
