// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

import io.github.depthc.server.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Reads tags and the bodies that belong to them. Each leaves the end of its last tag. */
final class BlockParser {
    private final Parser statements;
    private final TokenReader tokens;
    private final ExprParser expressions;
    private final Known known;
    /** Whether a loop's body is read that a tag here can leave. */
    private boolean inLoop;

    BlockParser(Parser statements, TokenReader tokens, ExprParser expressions, Known known) {
        this.statements = statements;
        this.tokens = tokens;
        this.expressions = expressions;
        this.known = known;
    }

    Stmt conditional(int line) {
        boolean outside = known.inBranch(true);
        var branches = new ArrayList<Stmt.If.Branch>();
        Expr condition = expressions.tupleWithoutCondition();
        while (true) {
            tokens.expect(Kind.END_TAG, "");
            List<Stmt> body = statements.until(condition == null ? Set.of("endif") : Set.of("elif", "else", "endif"));
            branches.add(new Stmt.If.Branch(condition, body));
            tokens.expect(Kind.BEGIN_TAG, "");
            String next = tokens.expectName();
            if (next.equals("endif")) {
                known.inBranch(outside);
                return new Stmt.If(List.copyOf(branches), line);
            }
            condition = next.equals("elif") ? expressions.tupleWithoutCondition() : null;
        }
    }

    Stmt loop(int line) {
        Target target = statements.target(false);
        tokens.expect(Kind.NAME, "in");
        Expr in = expressions.tupleWithoutCondition();
        boolean outside = known.inBranch(false);
        Expr filter = tokens.take(Kind.NAME, "if") ? expressions.whole() : null;
        if (tokens.peek().is(Kind.NAME, "recursive")) {
            throw tokens.error("recursive loops are not there here; write a macro that calls itself");
        }
        tokens.expect(Kind.END_TAG, "");
        boolean outer = inLoop;
        inLoop = true;
        List<Stmt> body = statements.until(Set.of("else", "endfor"));
        inLoop = outer;
        tokens.expect(Kind.BEGIN_TAG, "");
        List<Stmt> otherwise = tokens.expectName().equals("else") ? statements.body("endfor") : List.of();
        known.inBranch(outside);
        return new Stmt.For(target, in, filter, body, otherwise, line);
    }

    Stmt assignment(int line) {
        Target target = statements.target(true);
        if (tokens.take("=")) {
            return new Stmt.Set(target, expressions.tuple(), line);
        }
        Expr filtered = new Expr.Name(Stmt.TEXT);
        while (tokens.take("|")) {
            filtered = expressions.operands().filter(filtered);
        }
        Expr value = filtered;
        return apart(() -> new Stmt.SetBlock(target, value, statements.body("endset"), line));
    }

    Stmt filter(int line) {
        Expr filtered = expressions.operands().filter(new Expr.Name(Stmt.TEXT));
        while (tokens.take("|")) {
            filtered = expressions.operands().filter(filtered);
        }
        Expr value = filtered;
        return apart(() -> new Stmt.FilterBlock(value, statements.body("endfilter"), line));
    }

    Stmt with(int line) {
        List<Map.Entry<Target, Expr>> values = statements.values();
        return apart(() -> new Stmt.With(values, statements.body("endwith"), line));
    }

    Stmt macro(int line) {
        String name = tokens.expectName();
        Set<String> outer = expressions.used(new HashSet<>());
        List<Map.Entry<String, Optional<Expr>>> given = parameters();
        List<Stmt> body = apart(() -> statements.body("endmacro"));
        Set<String> used = expressions.used(outer);
        outer.addAll(used);
        return new Stmt.Macro(name, new Stmt.Body(given, body, Set.copyOf(used)), line);
    }

    Stmt call(int line) {
        boolean parameters = tokens.isNext("(");
        Set<String> outer = expressions.used(new HashSet<>());
        List<Map.Entry<String, Optional<Expr>>> given = parameters ? parameters() : List.of();
        Expr call = expressions.whole();
        if (!(call instanceof Expr.Call of)) {
            throw tokens.error("call without a call of a macro");
        }
        var used = new HashSet<String>();
        List<Stmt> body = apart(() -> {
            Set<String> before = expressions.used(new HashSet<>());
            List<Stmt> all = statements.body("endcall");
            used.addAll(expressions.used(before));
            return all;
        });
        outer.addAll(expressions.used(outer));
        outer.addAll(used);
        return new Stmt.CallBlock(of, new Stmt.Body(given, body, Set.copyOf(used)), line);
    }

    Stmt jump(String name, int line) {
        if (!inLoop) {
            throw tokens.error(name + " outside of a loop, or in a block within one that it would leave half done");
        }
        return name.equals("break") ? new Stmt.Break(line) : new Stmt.Continue(line);
    }

    private List<Map.Entry<String, Optional<Expr>>> parameters() {
        var parameters = new ArrayList<Map.Entry<String, Optional<Expr>>>();
        tokens.expect("(");
        boolean defaults = false;
        while (!tokens.take(")")) {
            if (!parameters.isEmpty()) {
                tokens.expect(",");
            }
            String name = tokens.expectName();
            Optional<Expr> value = tokens.take("=") ? Optional.of(expressions.whole()) : Optional.empty();
            if (defaults && value.isEmpty()) {
                throw tokens.error("the parameter " + name + " has no value to begin with, but one before it has");
            }
            defaults |= value.isPresent();
            parameters.add(Map.entry(name, value));
        }
        return List.copyOf(parameters);
    }

    // A body that is run for itself: no loop outside can be left from it.
    private <T> T apart(Supplier<T> body) {
        boolean outerLoop = inLoop;
        boolean outside = known.inBranch(false);
        inLoop = false;
        T read = body.get();
        inLoop = outerLoop;
        known.inBranch(outside);
        return read;
    }
}
