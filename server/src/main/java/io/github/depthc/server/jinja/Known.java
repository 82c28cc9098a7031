// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.List;

/**
 * Says at once what no run could do: filters and tests that are not there, and arguments that they do not have. As in Jinja2, it is said only when it is
 * run in the branches of conditions, which may be there for other versions.
 */
final class Known {
    private final List<TemplateException> problems = new ArrayList<>();
    private boolean branch;

    /** Whether what is read next stands in a branch; says what was before. */
    boolean inBranch(boolean now) {
        boolean before = branch;
        branch = now;
        return before;
    }

    void checkFilter(Token at, String name, Expr.Arguments arguments) {
        check(at, () -> Filters.of(name).signature().check("the filter " + name, arguments.positional().size(), arguments.named().keySet()));
    }

    void checkTest(Token at, String name, Expr.Arguments arguments) {
        check(at, () -> Tests.of(name).signature().check("the test " + name, arguments.positional().size(), arguments.named().keySet()));
    }

    private void check(Token at, Runnable what) {
        try {
            what.run();
        } catch (TemplateException e) {
            if (!branch) {
                problems.add(e.at(at.line()));
            }
        }
    }

    /** How many were found. */
    int problems() {
        return problems.size();
    }

    /** Leaves those for the run that were found behind so many: they stand in a branch of an expression. */
    void forget(int before) {
        problems.subList(before, problems.size()).clear();
    }

    /** Refuses a template that has one. */
    void check() {
        if (!problems.isEmpty()) {
            throw problems.getFirst();
        }
    }
}
