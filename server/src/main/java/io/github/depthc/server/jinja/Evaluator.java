// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Evaluates expressions. */
final class Evaluator {
    private final Work work;
    private final Operators operators;

    Evaluator(Work work) {
        this.work = work;
        operators = new Operators(work);
    }

    Object value(Expr expr, Scope scope) {
        work.enter();
        Object value = switch (expr) {
            case Expr.Literal l -> l.value();
            case Expr.Name n -> scope.get(n.name());
            case Expr.ListOf l -> values(l.items(), scope);
            case Expr.TupleOf t -> Sequence.tuple(values(t.items(), scope));
            case Expr.MapOf m -> map(m, scope);
            case Expr.Attribute a -> Attributes.attribute(work, value(a.of(), scope), a.name());
            case Expr.Item i -> Attributes.item(work, value(i.of(), scope), value(i.index(), scope));
            case Expr.Slice s -> Attributes.slice(work, value(s.of(), scope), orNone(s.from(), scope), orNone(s.to(), scope), orNone(s.step(), scope));
            case Expr.Call c -> call(c, scope);
            case Expr.Filter f -> Filters.apply(work, f.name(), value(f.of(), scope), values(f.arguments().positional(), scope), named(f.arguments(), scope));
            case Expr.Test t -> Tests.holds(work, t.name(), value(t.of(), scope), values(t.arguments().positional(), scope), named(t.arguments(), scope));
            case Expr.Unary u when u.operator().equals("not") -> !Values.isTrue(value(u.of(), scope));
            case Expr.Unary u -> Operators.signed(u.operator(), value(u.of(), scope));
            case Expr.Binary b -> binary(b, scope);
            case Expr.Compare c -> compare(c, scope);
            case Expr.Conditional c -> Values.isTrue(value(c.condition(), scope)) ? value(c.then(), scope)
                    : c.otherwise() == null ? new Undefined("what 'if' without 'else' leaves") : value(c.otherwise(), scope);
        };
        work.leave();
        return value;
    }

    private Object orNone(Expr expr, Scope scope) {
        return expr == null ? null : value(expr, scope);
    }

    List<Object> values(List<Expr> exprs, Scope scope) {
        work.list(exprs.size());
        var values = new ArrayList<Object>(exprs.size());
        for (Expr e : exprs) {
            values.add(value(e, scope));
        }
        return values;
    }

    Map<String, Object> named(Expr.Arguments arguments, Scope scope) {
        var named = new LinkedHashMap<String, Object>();
        for (Map.Entry<String, Expr> e : arguments.named().entrySet()) {
            work.make(Work.ENTRY);
            named.put(e.getKey(), value(e.getValue(), scope));
        }
        return named;
    }

    private Object map(Expr.MapOf of, Scope scope) {
        work.make(Work.OBJECT);
        var map = new LinkedHashMap<Object, Object>();
        for (Map.Entry<Expr, Expr> e : of.entries()) {
            work.make(Work.ENTRY);
            Object key = Values.key(work, value(e.getKey(), scope));
            map.put(key, value(e.getValue(), scope));
        }
        return map;
    }

    private Object binary(Expr.Binary b, Scope scope) {
        Object left = value(b.left(), scope);
        return switch (b.operator()) {
            case "and" -> Values.isTrue(left) ? value(b.right(), scope) : left;
            case "or" -> Values.isTrue(left) ? left : value(b.right(), scope);
            default -> operators.apply(b.operator(), left, value(b.right(), scope));
        };
    }

    private Object compare(Expr.Compare compare, Scope scope) {
        Object left = value(compare.first(), scope);
        for (Expr.Compare.Step step : compare.steps()) {
            Object right = value(step.with(), scope);
            if (!compared(work, step.operator(), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    /** Whether a comparison holds. */
    static boolean compared(Work work, String operator, Object left, Object right) {
        var comparison = new Comparison(work);
        return switch (operator) {
            case "==" -> comparison.equal(left, right);
            case "!=" -> !comparison.equal(left, right);
            case "in" -> comparison.contains(right, left);
            case "not in" -> !comparison.contains(right, left);
            default -> comparison.ordered(operator, left, right);
        };
    }

    Object call(Expr.Call call, Scope scope) {
        return called(value(call.function(), scope), values(call.arguments().positional(), scope), named(call.arguments(), scope));
    }

    static Object called(Object function, List<Object> arguments, Map<String, Object> named) {
        return switch (function) {
            case Function f -> f.call(arguments, named);
            case Undefined u -> throw u.error();
            case null, default -> throw new TemplateException(Values.kind(function) + " is called, which is no function");
        };
    }
}
