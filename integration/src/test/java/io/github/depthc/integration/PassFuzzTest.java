// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.integration.bench.Fuzz;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassProvider;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
import io.github.depthc.passes.builtin.BuiltinPasses;
import io.github.depthc.testkit.Fuzzer;
import io.github.depthc.testkit.ValueCheck;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Random models through every pass that must keep what a model computes; {@code tools/bench/fuzz.sh} runs more of them. */
class PassFuzzTest {
    private static final int MODELS = 500;

    @Test
    void valuesAreKept() {
        Fuzzer.Summary summary = Fuzz.builtinPasses(Bundles.REGISTRY).run(0, MODELS);
        assertEquals(7, summary.changed().size(), summary.toString());
        // hoist-gather finds something in one of four models at most: those with layers, the last one dense
        summary.changed().forEach((pass, n) -> assertTrue(n > MODELS / (pass.equals("hoist-gather") ? 15 : 10), summary::toString));
    }

    /** Routed layers keep as many tokens as before, but others. */
    private record OtherTokens() implements Pass<NoOptions> {
        @Override
        public PassSpec<NoOptions> spec() {
            return new PassSpec<>("other-tokens", "keep other tokens", new NoOptions());
        }

        @Override
        public Outcome run(Model model, NoOptions options, PassContext context) {
            return Rewriter.graph(model).apply(context, "layers changed", site -> {
                if (site.node().kind() instanceof ModLayer m && m.routing().selection() instanceof Routing.Selection.EvenlySpaced s) {
                    site.replaceKind(new ModLayer(m.index(), m.routing().withSelection(new Routing.Selection.Random(s.ratio(), 1))));
                }
            });
        }
    }

    /** Whatever logits may do: which tokens are kept is compared by itself. */
    @Test
    void otherTokensKeptAreFound() {
        PassProvider other = () -> List.of(new OtherTokens());
        PassRegistry registry = PassRegistry.of(List.of(new BuiltinPasses(), other));
        var fuzzer = new Fuzzer(new ValueCheck(registry).in(ValueCheck.Form.FAST).within(1e9), List.of(), List.of("other-tokens"), List.of(), false, 1e9);
        AssertionError e = assertThrows(AssertionError.class, () -> LongStream.range(0, 100).forEach(fuzzer::decoder));
        assertTrue(e.getMessage().contains("after 'other-tokens' (fast form): prompt, kept tokens of layer "), e.getMessage());
    }
}
