// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One run of a template. */
final class Render {
    private enum Flow {
        ON, BREAK, CONTINUE
    }

    private final Work work;
    private final Evaluator evaluator;
    private Output out;

    Render(Work work) {
        this.work = work;
        evaluator = new Evaluator(work);
        out = new Output(work);
    }

    String run(List<Stmt> template, Scope scope) {
        body(template, scope);
        return out.toString();
    }

    Object value(Expr expr, Scope scope) {
        return evaluator.value(expr, scope);
    }

    private Flow body(List<Stmt> body, Scope scope) {
        for (Stmt s : body) {
            Flow flow = statement(s, scope);
            if (flow != Flow.ON) {
                return flow;
            }
        }
        return Flow.ON;
    }

    private Flow statement(Stmt stmt, Scope scope) {
        try {
            work.enter();
            Flow flow = run(stmt, scope);
            work.leave();
            return flow;
        } catch (TemplateException e) {
            throw e.at(stmt.line());
        }
    }

    private Flow run(Stmt stmt, Scope scope) {
        switch (stmt) {
            case Stmt.Text t -> out.add(t.text());
            case Stmt.Print p -> out.add(PythonText.of(work, value(p.value(), scope)));
            case Stmt.Block b -> {
                return body(b.body(), scope);
            }
            case Stmt.If i -> {
                return branch(i, scope);
            }
            case Stmt.For f -> loop(f, scope);
            case Stmt.Set s -> assign(s.target(), value(s.value(), scope), scope);
            case Stmt.SetBlock s -> assign(s.target(), filtered(s.filtered(), s.body(), scope), scope);
            case Stmt.FilterBlock f -> out.add(PythonText.of(work, filtered(f.filtered(), f.body(), scope)));
            case Stmt.With w -> with(w, scope);
            case Stmt.Macro m -> scope.set(m.name(), new Macro(m.name(), m.body(), scope, this));
            case Stmt.CallBlock c -> call(c, scope);
            case Stmt.Break b -> {
                return Flow.BREAK;
            }
            case Stmt.Continue c -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.ON;
    }

    private Flow branch(Stmt.If stmt, Scope scope) {
        for (Stmt.If.Branch b : stmt.branches()) {
            if (b.condition() == null || Values.isTrue(value(b.condition(), scope))) {
                return body(b.body(), scope);
            }
        }
        return Flow.ON;
    }

    /** The text that statements make. */
    String captured(List<Stmt> body, Scope scope) {
        Output before = out;
        out = new Output(work);
        body(body, scope);
        String text = out.toString();
        work.make(text.length());
        out = before;
        return text;
    }

    private Object filtered(Expr filtered, List<Stmt> body, Scope scope) {
        String text = captured(body, scope.inner());
        Scope inner = scope.inner();
        inner.set(Stmt.TEXT, text);
        return value(filtered, inner);
    }

    private void with(Stmt.With with, Scope scope) {
        Scope inner = scope.inner();
        // The values see what is outside alone.
        for (Map.Entry<Target, Expr> v : with.values()) {
            assign(v.getKey(), value(v.getValue(), scope), inner);
        }
        body(with.body(), inner);
    }

    private void call(Stmt.CallBlock block, Scope scope) {
        Expr.Arguments given = block.call().arguments();
        Object function = value(block.call().function(), scope);
        List<Object> arguments = evaluator.values(given.positional(), scope);
        Map<String, Object> named = evaluator.named(given, scope);
        named.put("caller", new Macro("caller", block.body(), scope, this));
        out.add(PythonText.of(work, Evaluator.called(function, arguments, named)));
    }

    private void assign(Target target, Object value, Scope scope) {
        switch (target) {
            case Target.Name n -> scope.set(n.name(), value);
            case Target.Attribute a -> {
                Object namespace = scope.get(a.namespace());
                if (!(namespace instanceof Namespace of)) {
                    throw new TemplateException(a.namespace() + " is " + Values.kind(namespace) + ", expected a namespace: nothing else can be changed");
                }
                of.set(work, a.attribute(), value);
            }
            case Target.Parts p -> {
                List<?> values = Values.items(work, value);
                if (values.size() != p.parts().size()) {
                    throw new TemplateException(values.size() + " values for " + p.parts().size() + " names");
                }
                for (int i = 0; i < values.size(); i++) {
                    assign(p.parts().get(i), values.get(i), scope);
                }
            }
        }
    }

    private void loop(Stmt.For loop, Scope scope) {
        List<?> all = Values.items(work, value(loop.in(), scope));
        var items = new ArrayList<Object>();
        for (Object item : all) {
            if (loop.filter() == null || Values.isTrue(value(loop.filter(), bound(loop, item, scope)))) {
                work.list(1);
                items.add(item);
            }
        }
        if (items.isEmpty()) {
            body(loop.otherwise(), scope.inner());
            return;
        }
        var state = new LoopState(work, items);
        for (Object item : items) {
            state.next();
            Scope inner = bound(loop, item, scope);
            inner.set("loop", state);
            if (body(loop.body(), inner) == Flow.BREAK) {
                return;
            }
        }
    }

    private Scope bound(Stmt.For loop, Object item, Scope scope) {
        Scope inner = scope.inner();
        assign(loop.target(), item, inner);
        return inner;
    }
}
