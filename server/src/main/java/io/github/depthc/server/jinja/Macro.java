// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A macro, or the body of a {@code call} block, as a function that makes text. */
final class Macro implements Function {
    private static final String CALLER = "caller";
    private static final String MORE = "varargs";
    private static final String NAMED = "kwargs";

    private final String name;
    private final Stmt.Body body;
    private final Scope scope;
    private final Render render;

    /** Sees what is set where it is defined. */
    Macro(String name, Stmt.Body body, Scope scope, Render render) {
        this.name = name;
        this.body = body;
        this.scope = scope;
        this.render = render;
    }

    String name() {
        return name;
    }

    @Override
    public Object call(List<Object> arguments, Map<String, Object> named) {
        Scope inner = scope.inner();
        var left = new LinkedHashMap<>(named);
        int n = body.parameters().size();
        for (int i = 0; i < n; i++) {
            inner.set(body.parameters().get(i).getKey(), given(i, arguments, left, inner));
        }
        if (body.used().contains(CALLER) && body.parameters().stream().noneMatch(p -> p.getKey().equals(CALLER))) {
            inner.set(CALLER, left.containsKey(CALLER) ? left.remove(CALLER) : new Undefined("'caller', which a call block gives,"));
        }
        if (body.used().contains(MORE)) {
            inner.set(MORE, Sequence.tuple(arguments.size() > n ? new ArrayList<>(arguments.subList(n, arguments.size())) : List.of()));
        } else if (arguments.size() > n) {
            throw new TemplateException("the macro " + name + " has " + arguments.size() + " arguments, expected at most " + n);
        }
        if (body.used().contains(NAMED)) {
            inner.set(NAMED, new LinkedHashMap<Object, Object>(left));
        } else if (!left.isEmpty()) {
            throw new TemplateException("the macro " + name + " has no argument " + left.keySet().iterator().next());
        }
        return render.captured(body.statements(), inner);
    }

    private Object given(int i, List<Object> arguments, Map<String, Object> named, Scope inner) {
        Map.Entry<String, Optional<Expr>> parameter = body.parameters().get(i);
        if (i < arguments.size()) {
            if (named.containsKey(parameter.getKey())) {
                throw new TemplateException("the macro " + name + " has two values for the argument " + parameter.getKey());
            }
            return arguments.get(i);
        }
        if (named.containsKey(parameter.getKey())) {
            return named.remove(parameter.getKey());
        }
        return parameter.getValue().isPresent() ? render.value(parameter.getValue().get(), inner) : new Undefined("the argument '" + parameter.getKey() + "'");
    }
}
