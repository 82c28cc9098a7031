// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Rewriter;
import io.github.depthc.testkit.RandomModels;
import io.github.depthc.testkit.ValueCheck;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The plainest baseline of a skipping idea: a layer that is left out. */
final class LayerThatDoesNothingTest {
    private static Model changed(Model model, int layer, Consumer<Rewriter.Site> rule) {
        Outcome outcome = Rewriter.graph(model).apply(PassContext.builder().build(), "layers", site -> {
            if (site.node().kind() instanceof Layer l && l.index() == layer) {
                rule.accept(site);
            }
        });
        return assertInstanceOf(Outcome.Changed.class, outcome).model();
    }

    /** It gives back what it gets; its cache stays empty, in prompts and in steps. */
    @Test
    void aLayerMayHandBackWhatItGets() {
        Model model = RandomModels.dense(0).model();
        for (int layer = 0; layer < model.layers().size(); layer++) {
            Model without = changed(model, layer, site -> {
                var body = new RegionBuilder();
                body.copyParams(site.node().region());
                List<Param> params = site.node().region().params();
                Param cache = params.stream().filter(p -> p.type() instanceof CacheType).findFirst().orElseThrow();
                site.replaceWith(site.builder().node("same", site.node().kind(), site.operands(), List.of(body.build(List.of(body.value(params.getFirst()), body.value(cache)))))
                        .results());
            });
            assertEquals(List.of(), Verifier.check(without, Bundles.REGISTRY.ops()));
            new ValueCheck(Bundles.REGISTRY).same(without, without);
        }
    }

    @Test
    void aLayerThatIsGoneIsNamed() {
        Model model = RandomModels.dense(0).model();
        int last = model.layers().size() - 1;
        Model without = changed(model, last, site -> site.replaceWith(List.of(site.operand(0), site.operands().stream().filter(v -> v.type() instanceof CacheType).findFirst().orElseThrow())));
        List<Diagnostic> errors = Verifier.check(without, Bundles.REGISTRY.ops());
        assertTrue(last == 0 ? errors.isEmpty() : errors.getFirst().message().contains("layer " + last + " is missing; expected all"), errors::toString);
    }
}
