// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.ir.BuiltinOps;
import org.junit.jupiter.api.Test;

/** Costs of one small layer, worked out by hand: width 4, packed query-key-value weights {@code [12, 4]}, attention of one head. */
class CostTest {
    private static final Cost.Mix MIX = new Cost.Mix(8, 2);

    private static Cost cost(String score, String kv, int window) {
        return Cost.of(Graphs.model("""
                graph(%x0: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %candidates: bool[tokens], %c0: cache<1x4>) {
                  %router = weight @routers:"w" : f32[1, 4]
                  %h, %d0 = mod{index=0, routing={score=SCORE, gate=one, placement=mlp, selection=top_k(ratio=0.5), candidates=prompt, kv=KV, \
                positions=original, skip=identity, decode=dense}}(%x0, %p, %rows, %c0, %candidatesWEIGHTS) : f32[tokens, 4], cache<1x4>
                    region(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                      %w = weight @checkpoint:"qkv" : f32[12, 4]
                      %qkv = linear(%x, %w) : f32[tokens, 12]
                      %q = slice_last{begin=0, end=4}(%qkv) : f32[tokens, 4]
                      %k = slice_last{begin=4, end=8}(%qkv) : f32[tokens, 4]
                      %v = slice_last{begin=8, end=12}(%qkv) : f32[tokens, 4]
                      %a, %n = attention{heads=1, kvHeads=1, headDim=4, scale=0.5, softcap=0.0, window=WINDOW}(%q, %k, %v, %rows, %rows, %c) : \
                f32[tokens, 4], cache<1x4>
                      %y = residual{branch=attention}(%x, %a) : f32[tokens, 4]
                      yield %y, %n
                    }
                  yield %h, %d0
                }
                """.replace("SCORE", score).replace("KV", kv).replace("WINDOW", Integer.toString(window))
                .replace("WEIGHTS", score.startsWith("linear") ? ", %router" : ""), BuiltinOps.SET), MIX);
    }

    @Test
    void aRoutedLayerCostsItsKeptTokensAndItsRouter() {
        Cost cost = cost("linear(bias=false)", "drop", 0);
        Cost.LayerCost layer = cost.layers().getFirst();
        assertEquals(6, layer.kept());
        assertEquals(2 * 12 * 4 * 6 + 2 * 4 * 10, layer.linearFlops());
        assertEquals(4 * 4 * (6 * 7 / 2), layer.attentionFlops());
        assertEquals(2 * 4 * 4 * 6, layer.kvBytes());
        assertEquals(2 * 12 * 4 * 10, cost.denseFlops());
        assertEquals(4 * 4 * (10 * 11 / 2), cost.denseAttentionFlops());
    }

    @Test
    void keptKeysAndScoresByAttentionAreOverAllTokens() {
        Cost.LayerCost kept = cost("linear(bias=false)", "keep", 0).layers().getFirst();
        assertEquals(2 * 12 * 4 * 10 + 2 * 4 * 10, kept.linearFlops());
        assertEquals(4 * 4 * 6 * 11 / 2, kept.attentionFlops());
        assertEquals(2 * 4 * 4 * 10, kept.kvBytes());
        Cost.LayerCost observed = cost("attention_received(observers=4)", "drop", 0).layers().getFirst();
        assertEquals(2 * 12 * 4 * 10, observed.linearFlops());
        assertEquals(4 * 4 * (6 * 7 / 2) + 2 * 4 * 4 * 10, observed.attentionFlops());
    }

    /** A dense layer has all tokens in its cache; one that a pass has emptied has none, and that is less than dense. */
    @Test
    void anEmptiedLayerSavesItsCache() {
        Cost cost = Cost.of(Graphs.model("""
                graph(%x0: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c0: cache<1x4>) {
                  %h, %d0 = layer{index=0, selected=false, ratio=1.0}(%x0, %p, %rows, %c0) : f32[tokens, 4], cache<1x4>
                    region(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                      yield %x, %c
                    }
                  yield %h, %d0
                }
                """, BuiltinOps.SET), MIX);
        assertEquals(0, cost.kvBytes());
        assertEquals(2 * 4 * 4 * 10, cost.denseKvBytes());
    }

    /** Its two matrices, over all tokens: which are skipped is known only after they have been computed. */
    @Test
    void aSkipPathCostsItsMatrices() {
        String graph = """
                graph(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %candidates: bool[tokens], %c: cache<1x4>) {
                  %down = weight @computed:"down" : f32[2, 4]
                  %up = weight @computed:"up" : f32[4, 2]
                  %constant = weight @computed:"c" : f32[4]
                  %h, %d = mod{index=0, routing={score=none, gate=one, placement=mlp, selection=most_recent(ratio=0.5), candidates=prompt, kv=drop, \
                positions=original, skip=SKIP, decode=dense}}(%x, %p, %rows, %c, %candidatesWEIGHTS) : f32[tokens, 4], cache<1x4>
                    region(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                      %g = weight @checkpoint:"norm" : f32[4]
                      %n = rms_norm{epsilon=1.0E-5, unitOffset=false, groups=1}(%x, %g) : f32[tokens, 4]
                      %a, %e = attention{heads=1, kvHeads=1, headDim=4, scale=0.5, softcap=0.0, window=0}(%n, %n, %n, %rows, %rows, %c) : \
                f32[tokens, 4], cache<1x4>
                      %y = residual{branch=attention}(%x, %a) : f32[tokens, 4]
                      yield %y, %e
                    }
                  yield %h, %d
                }
                """;
        Cost with = Cost.of(Graphs.model(graph.replace("SKIP", "linear(rank=2)").replace("WEIGHTS", ", %down, %up, %constant"), BuiltinOps.SET), MIX);
        Cost without = Cost.of(Graphs.model(graph.replace("SKIP", "identity").replace("WEIGHTS", ""), BuiltinOps.SET), MIX);
        assertEquals(2 * (2 * 4 + 4 * 2) * 10, with.flops() - without.flops());
        assertEquals(with.denseFlops(), without.denseFlops());
    }

    @Test
    void aWindowBoundsWhatAQuerySees() {
        Cost cost = cost("linear(bias=false)", "drop", 4);
        // queries see 1, 2, 3 and then 4 keys
        assertEquals(4 * 4 * (1 + 2 + 3 + 7 * 4), cost.denseAttentionFlops());
        assertEquals(cost("linear(bias=false)", "drop", 0).attentionFlops(), cost("linear(bias=false)", "drop", 10).attentionFlops());
    }

    @Test
    void whatOnlyTheLastTokenNeedsIsCountedOnce() {
        String graph = """
                graph(%x: f32[tokens, 4], %rows: rows[tokens], %logits_at: i64[outputs], %c: cache<1x4>) {
                  %w = weight @checkpoint:"w" : f32[4, 4]
                  %k = linear(%x, %w) : f32[tokens, 4]
                  %last = gather_rows(%x, %logits_at) : f32[outputs, 4]
                  %last_rows = gather_rows(%rows, %logits_at) : rows[outputs]
                  %q = linear(%last, %w) : f32[outputs, 4]
                  %a, %n = attention{heads=1, kvHeads=1, headDim=4, scale=0.5, softcap=0.0, window=0}(%q, %k, %k, %last_rows, %rows, %c) : \
                f32[outputs, 4], cache<1x4>
                  yield %a, %n
                }
                """;
        // a query is counted as seeing half of the keys
        assertEquals(2 * 4 * 4 * 10 + 2 * 4 * 4 + 4 * 4 * 11 / 2, Cost.lastToken(Graphs.model(graph, BuiltinOps.SET), MIX).flops());
    }
}
