// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One run of a template. */
final class Render {
    private static final int MOST_STEPS = 2_000_000;
    private static final int LONGEST = 8 << 20;
    private static final int DEEPEST = 100;

    private enum Flow {
        ON, BREAK, CONTINUE
    }

    private StringBuilder out = new StringBuilder();
    private int steps;
    private int calls;

    String run(List<Stmt> template, Scope scope) {
        body(template, scope);
        return out.toString();
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
        step();
        switch (stmt) {
            case Stmt.Text t -> write(t.text());
            case Stmt.Print p -> write(Values.text(value(p.value(), scope)));
            case Stmt.Block b -> {
                return body(b.body(), scope);
            }
            case Stmt.If i -> {
                for (Stmt.If.Branch b : i.branches()) {
                    if (b.condition() == null || Values.isTrue(value(b.condition(), scope))) {
                        return body(b.body(), scope);
                    }
                }
            }
            case Stmt.For f -> loop(f, scope);
            case Stmt.Set s when s.attribute() == null -> scope.set(s.name(), value(s.value(), scope));
            case Stmt.Set s -> {
                if (!(scope.get(s.name()) instanceof Namespace namespace)) {
                    throw new TemplateException(s.name() + " is no namespace");
                }
                namespace.values().put(s.attribute(), value(s.value(), scope));
            }
            case Stmt.SetBlock s -> scope.set(s.name(), captured(s.body(), scope));
            case Stmt.Macro m -> scope.set(m.name(), (Function) (arguments, named) -> macro(m, arguments, named, scope));
            case Stmt.Break b -> {
                return Flow.BREAK;
            }
            case Stmt.Continue c -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.ON;
    }

    /** What {@code namespace()} makes: values that a loop can change for what comes after it. */
    record Namespace(Map<String, Object> values) {
    }

    private String captured(List<Stmt> body, Scope scope) {
        StringBuilder before = out;
        out = new StringBuilder();
        try {
            body(body, scope);
            return out.toString();
        } finally {
            out = before;
        }
    }

    private Object macro(Stmt.Macro macro, List<Object> arguments, Map<String, Object> named, Scope scope) {
        if (++calls > DEEPEST) {
            throw new TemplateException("macros call each other too deeply");
        }
        var inner = new Scope(scope);
        int i = 0;
        for (Map.Entry<String, Expr> p : macro.parameters().entrySet()) {
            Object given = i < arguments.size() ? arguments.get(i) : named.containsKey(p.getKey()) ? named.get(p.getKey())
                    : p.getValue() == null ? Undefined.VALUE : value(p.getValue(), inner);
            inner.set(p.getKey(), given);
            i++;
        }
        String text = captured(macro.body(), inner);
        calls--;
        return text;
    }

    private void loop(Stmt.For loop, Scope scope) {
        var items = new ArrayList<Object>();
        for (Object item : Values.items(value(loop.in(), scope))) {
            if (loop.filter() == null || Values.isTrue(value(loop.filter(), bound(loop, item, scope)))) {
                items.add(item);
            }
        }
        if (items.isEmpty()) {
            body(loop.otherwise(), scope);
            return;
        }
        for (int i = 0; i < items.size(); i++) {
            Scope inner = bound(loop, items.get(i), scope);
            var state = new HashMap<String, Object>();
            state.put("index", i + 1L);
            state.put("index0", (long) i);
            state.put("revindex", (long) items.size() - i);
            state.put("revindex0", items.size() - i - 1L);
            state.put("first", i == 0);
            state.put("last", i == items.size() - 1);
            state.put("length", (long) items.size());
            state.put("previtem", i == 0 ? Undefined.VALUE : items.get(i - 1));
            state.put("nextitem", i == items.size() - 1 ? Undefined.VALUE : items.get(i + 1));
            inner.set("loop", state);
            if (body(loop.body(), inner) == Flow.BREAK) {
                return;
            }
        }
    }

    private Scope bound(Stmt.For loop, Object item, Scope scope) {
        step();
        var inner = new Scope(scope);
        if (loop.names().size() == 1) {
            inner.set(loop.names().getFirst(), item);
            return inner;
        }
        List<?> parts = Values.items(item);
        if (parts.size() != loop.names().size()) {
            throw new TemplateException(parts.size() + " values for " + loop.names().size() + " names");
        }
        for (int i = 0; i < parts.size(); i++) {
            inner.set(loop.names().get(i), parts.get(i));
        }
        return inner;
    }

    private Object value(Expr expr, Scope scope) {
        step();
        return switch (expr) {
            case Expr.Literal l -> l.value();
            case Expr.Name n -> scope.get(n.name());
            case Expr.ListOf l -> values(l.items(), scope);
            case Expr.MapOf m -> {
                var map = new LinkedHashMap<String, Object>();
                m.entries().forEach(e -> map.put(Values.string(value(e.getKey(), scope)), value(e.getValue(), scope)));
                yield map;
            }
            case Expr.Attribute a -> attribute(value(a.of(), scope), a.name());
            case Expr.Item i -> item(value(i.of(), scope), value(i.index(), scope));
            case Expr.Slice s -> slice(s, scope);
            case Expr.Call c -> call(c, scope);
            case Expr.Filter f -> Filters.filter(f.name(), value(f.of(), scope), values(f.arguments().positional(), scope), named(f.arguments(), scope));
            case Expr.Test t -> Filters.test(t.name(), value(t.of(), scope), values(t.arguments(), scope)) != t.negated();
            case Expr.Unary u when u.operator().equals("not") -> !Values.isTrue(value(u.of(), scope));
            case Expr.Unary u -> Operators.binary("-", 0L, value(u.of(), scope));
            case Expr.Binary b -> binary(b, scope);
            case Expr.Conditional c -> Values.isTrue(value(c.condition(), scope)) ? value(c.then(), scope) : value(c.otherwise(), scope);
        };
    }

    private List<Object> values(List<Expr> exprs, Scope scope) {
        var values = new ArrayList<Object>();
        exprs.forEach(e -> values.add(value(e, scope)));
        return values;
    }

    private Map<String, Object> named(Expr.Arguments arguments, Scope scope) {
        var named = new LinkedHashMap<String, Object>();
        arguments.named().forEach((name, e) -> named.put(name, value(e, scope)));
        return named;
    }

    private Object binary(Expr.Binary b, Scope scope) {
        Object left = value(b.left(), scope);
        return switch (b.operator()) {
            case "and" -> Values.isTrue(left) ? value(b.right(), scope) : left;
            case "or" -> Values.isTrue(left) ? left : value(b.right(), scope);
            default -> {
                Object result = Operators.binary(b.operator(), left, value(b.right(), scope));
                if (result instanceof String s && s.length() > LONGEST) {
                    throw new TemplateException("a text is too long");
                }
                yield result;
            }
        };
    }

    private static Object attribute(Object of, String name) {
        return switch (of) {
            case Namespace n -> n.values().getOrDefault(name, Undefined.VALUE);
            case Map<?, ?> m when m.containsKey(name) -> m.get(name);
            case Undefined u -> throw new TemplateException(name + " of something undefined");
            case null, default -> Undefined.VALUE;
        };
    }

    private static Object item(Object of, Object index) {
        if (of instanceof Map<?, ?> || of instanceof Namespace) {
            return index instanceof String name ? attribute(of, name) : Undefined.VALUE;
        }
        if (of == Undefined.VALUE) {
            throw new TemplateException("an item of something undefined");
        }
        List<?> items = Values.items(of);
        long i = Values.whole(index);
        long at = i < 0 ? i + items.size() : i;
        return at >= 0 && at < items.size() ? items.get((int) at) : Undefined.VALUE;
    }

    private Object slice(Expr.Slice s, Scope scope) {
        Object of = value(s.of(), scope);
        List<?> items = Values.items(of);
        long step = s.step() == null ? 1 : Values.whole(value(s.step(), scope));
        if (step == 0) {
            throw new TemplateException("a slice with step 0");
        }
        int n = items.size();
        long low = step > 0 ? 0 : -1;
        long high = step > 0 ? n : n - 1L;
        long from = bound(s.from(), step > 0 ? low : high, n, low, high, scope);
        long to = bound(s.to(), step > 0 ? high : low, n, low, high, scope);
        var part = new ArrayList<Object>();
        for (long i = from; step > 0 ? i < to : i > to; i += step) {
            part.add(items.get((int) i));
        }
        return of instanceof String ? String.join("", part.stream().map(Values::text).toList()) : part;
    }

    private long bound(Expr expr, long otherwise, int n, long low, long high, Scope scope) {
        Object value = expr == null ? null : value(expr, scope);
        if (value == null) {
            return otherwise;
        }
        long i = Values.whole(value);
        return Math.clamp(i < 0 ? i + n : i, low, high);
    }

    private Object call(Expr.Call call, Scope scope) {
        List<Object> arguments = values(call.arguments().positional(), scope);
        Map<String, Object> named = named(call.arguments(), scope);
        if (call.function() instanceof Expr.Attribute(Expr of, String name)) {
            Object value = value(of, scope);
            Object member = value instanceof Map<?, ?> || value instanceof Namespace ? attribute(value, name) : Undefined.VALUE;
            return member instanceof Function f ? f.call(arguments, named) : Filters.method(value, name, arguments);
        }
        if (value(call.function(), scope) instanceof Function function) {
            return function.call(arguments, named);
        }
        throw new TemplateException("the function " + (call.function() instanceof Expr.Name n ? n.name() : "called") + " is not known");
    }

    private void write(String text) {
        out.append(text);
        if (out.length() > LONGEST) {
            throw new TemplateException("the text is too long");
        }
    }

    private void step() {
        if (++steps > MOST_STEPS) {
            throw new TemplateException("the template takes too long");
        }
    }
}
