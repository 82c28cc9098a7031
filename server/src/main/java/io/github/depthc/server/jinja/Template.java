// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;

/** A template that has been read. Thread-safe. */
public final class Template {
    private final List<Stmt> statements;

    private Template(List<Stmt> statements) {
        this.statements = statements;
    }

    /** Reads a template; {@link TemplateException} with the line of what is wrong. */
    public static Template parse(String source) {
        return new Template(Parser.parse(source));
    }

    /**
     * The text that it makes, within a second or so.
     *
     * @param values names and what they stand for: strings, {@code Long}, {@code Double}, booleans, null, lists, maps with strings as keys
     * @throws TemplateException with the line, when it cannot, or takes more than it may, or refuses
     */
    public String render(Map<String, Object> values) {
        return render(values, LocalDateTime.now());
    }

    /** The same at another time. */
    String render(Map<String, Object> values, LocalDateTime now) {
        var work = new Work();
        var scope = new Scope(work, null);
        Globals.define(work, scope, now);
        values.forEach(scope::set);
        return new Render(work).run(statements, scope.inner());
    }
}
