// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.cleanup;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Constant;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;

/**
 * Removes arithmetic that changes nothing, bit for bit: a scaling by 1, a product with the constant 1, a difference from
 * the constant 0. (A sum with 0 is left alone: it turns −0 into +0.)
 */
public final class FoldConstants implements Pass<NoOptions> {
    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("fold-constants", "remove arithmetic that changes nothing", new NoOptions());
    }

    @Override
    public Outcome run(Model model, NoOptions options, PassContext context) {
        return Rewriter.graph(model).apply(context, "nodes folded", site -> {
            Node node = site.node();
            boolean same = switch (node.kind()) {
                case Unary.Scale(double factor) -> factor == 1;
                case Binary.Mul m -> isConstant(node.operand(1), 1);
                case Binary.Sub s -> isConstant(node.operand(1), 0);
                default -> false;
            };
            if (same) {
                site.replaceWith(site.operand(0));
            }
        });
    }

    private static boolean isConstant(Value v, double expected) {
        return v instanceof Result r && r.node().kind() instanceof Constant(double value) && Double.compare(value, expected) == 0;
    }
}
