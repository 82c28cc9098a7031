// SPDX-License-Identifier: Apache-2.0
package org.example.randomskip;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;

/** Takes one branch out of the selected layers: how much does the model need it there? */
public final class DropBranchPass implements Pass<DropBranchPass.Options> {
    /**
     * Options.
     *
     * @param branch that is left out
     */
    public record Options(@Doc("which branch is left out") Binary.Branch branch) {
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("drop-branch", "leave one branch out of the selected layers", new Options(Binary.Branch.MLP));
    }

    @Override
    public Outcome run(Model model, Options options, PassContext context) {
        if (model.layers().stream().noneMatch(DropBranchPass::isSelected)) {
            return new Outcome.NotApplicable("no layer is selected; put random-layers or select-layers before this pass");
        }
        return Rewriter.bodies(model).apply(context, "branches left out", site -> {
            if (site.layer().filter(DropBranchPass::isSelected).isPresent() && site.node().kind() instanceof Binary.Residual r
                    && r.branch() == options.branch()) {
                site.replaceWith(site.operand(0));
            }
        });
    }

    private static boolean isSelected(Node node) {
        return node.kind() instanceof Layer layer && layer.selected();
    }
}
