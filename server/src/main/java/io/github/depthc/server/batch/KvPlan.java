// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.KeptTokens;
import io.github.depthc.ir.mod.Routing;

/** What a request's caches will hold at its end, known before it starts. */
final class KvPlan {
    private KvPlan() {
    }

    /**
     * Entries in each layer's cache after the last step: exact where the plan fixes how many tokens a layer keeps; where a threshold
     * decides, all tokens, which is the most there can be. The last new token is never fed back.
     */
    static int[] entries(BundleInfo info, BatchPrompt request, int newTokens) {
        int prompt = request.tokens();
        int candidates = request.candidates().count(prompt, info.candidates());
        int routed = info.decode() == Routing.DecodeRule.THRESHOLD ? 1 : 0;
        return info.layers().stream().mapToInt(l -> KeptTokens.predictCached(l, prompt, candidates).orElse(prompt)
                + (newTokens - 1) * KeptTokens.predictCached(l, 1, routed).orElse(1)).toArray();
    }

    /** Bytes that a dense model of the same shape would hold for this many tokens. */
    static long denseBytes(Engine engine, int tokens) {
        BundleInfo info = engine.info();
        return 2L * engine.cacheType().bytes() * info.model().layers() * info.model().kvHeads() * info.model().headDim() * tokens;
    }
}
