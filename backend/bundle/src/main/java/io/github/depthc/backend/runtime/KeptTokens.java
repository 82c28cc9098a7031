// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.ir.mod.Routing;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** How many tokens of a prompt a layer keeps. */
public final class KeptTokens {
    private KeptTokens() {
    }

    /**
     * Kept tokens of a prompt in each layer: by its plan or, for a threshold, by what is in its cache. Where a threshold keeps
     * skipped tokens' KV, the cache has all tokens and so says nothing: all of them then.
     *
     * @param layers       plan of each layer
     * @param cacheLengths tokens in each layer's cache after the prompt
     */
    public static int[] of(List<LayerPlan> layers, int tokens, int candidates, int[] cacheLengths) {
        return IntStream.range(0, layers.size()).map(l -> predict(layers.get(l), tokens, candidates).orElse(cacheLengths[l])).toArray();
    }

    /** Kept tokens where that is fixed before the tokens are seen: {@code tokens − candidates + trunc(ratio · candidates)}; empty for a threshold. */
    public static OptionalInt predict(LayerPlan layer, int tokens, int candidates) {
        if (layer.routing().isEmpty()) {
            return OptionalInt.of(tokens);
        }
        return switch (layer.routing().get().selection()) {
            case Routing.Selection.Threshold t -> candidates == 0 ? OptionalInt.of(tokens) : OptionalInt.empty();
            case Routing.Selection s -> OptionalInt.of(tokens - candidates + (int) Routing.Selection.kept(candidates, s.ratio()));
        };
    }

    /** Tokens that a prompt leaves in the layer's cache: the kept ones, or all where skipped tokens' KV is kept. */
    public static OptionalInt predictCached(LayerPlan layer, int tokens, int candidates) {
        boolean all = layer.routing().isPresent() && layer.routing().get().kv() == Routing.SkippedKv.KEEP;
        return all ? OptionalInt.of(tokens) : predict(layer, tokens, candidates);
    }
}
