// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import io.github.depthc.ir.AttributeDefault;
import io.github.depthc.ir.Expect;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What a Mixture-of-Depths layer does, as independent choices. The published systems are combinations of these
 * ({@link #pmod}, {@link #gamma}, {@link #original}); {@link #plain} is an untrained conversion.
 *
 * @param score      how a token's score is computed
 * @param gate       what becomes of the score as a factor
 * @param placement  what the gate multiplies for a kept token
 * @param selection  which candidates are kept
 * @param candidates which tokens may be skipped when the caller does not say
 * @param kv         whether a skipped token's key and value are written to the layer's cache all the same
 * @param positions  positions of the kept tokens for the rotary embedding
 * @param skip       what a skipped token becomes
 * @param decode     whether the layer routes decode steps
 * @param part       what of the layer a skipped token skips
 */
public record Routing(Score score, Gate gate, Placement placement, Selection selection, Candidates candidates, SkippedKv kv,
        Positions positions, SkipPath skip, DecodeRule decode, @AttributeDefault("layer") Part part) {
    public Routing {
        Objects.requireNonNull(score);
        Objects.requireNonNull(gate);
        Objects.requireNonNull(placement);
        Objects.requireNonNull(selection);
        Objects.requireNonNull(candidates);
        Objects.requireNonNull(kv);
        Objects.requireNonNull(positions);
        Objects.requireNonNull(skip);
        Objects.requireNonNull(decode);
        Objects.requireNonNull(part);
        boolean scored = !(score instanceof Score.None);
        Expect.attribute(scored || gate instanceof Gate.One, "a gate other than one needs a score, but the score is none");
        Expect.attribute(scored || !selection.needsScore(), "a top_k or threshold selection needs a score, but the score is none");
        Expect.attribute(!(skip instanceof SkipPath.Gated) || scored, "a gated skip path needs a score, but the score is none");
        Expect.attribute(part != Part.MLP || kv == SkippedKv.KEEP, "tokens that skip the MLP alone have keys and values, but these are dropped; expected them to be kept");
        Expect.attribute(part != Part.ATTENTION || gate instanceof Gate.One || placement == Placement.BLOCK,
                "the gate is on the MLP, which no token skips where attention alone is skipped; expected its placement to be block");
    }

    /** Of a whole layer. */
    public Routing(Score score, Gate gate, Placement placement, Selection selection, Candidates candidates, SkippedKv kv, Positions positions, SkipPath skip,
            DecodeRule decode) {
        this(score, gate, placement, selection, candidates, kv, positions, skip, decode, Part.LAYER);
    }

    /**
     * Shapes of the weights, in the order of a layer's operands, d being the width of the hidden states: of the score ({@link Score.Linear}
     * w and, with bias, b; {@link Score.SharedLinear} W), then of the skip path ({@link SkipPath.Linear} down, up, c).
     */
    public List<long[]> weightShapes(long d) {
        var shapes = new ArrayList<long[]>();
        switch (score) {
            case Score.Linear(boolean bias) -> {
                shapes.add(new long[] {1, d});
                if (bias) {
                    shapes.add(new long[] {1});
                }
            }
            case Score.SharedLinear s -> shapes.add(new long[] {2, d});
            case Score.None s -> { }
            case Score.AttentionReceived s -> { }
            case Score.Given s -> { }
        }
        if (skip instanceof SkipPath.Linear(int rank)) {
            shapes.add(new long[] {rank, d});
            shapes.add(new long[] {d, rank});
            shapes.add(new long[] {d});
        }
        return shapes;
    }

    /** p-MoD: linear score on the raw input, gate on the MLP branch and on skipped tokens, top-k of the vision tokens. */
    public static Routing pmod(double ratio, Gate gate, boolean bias) {
        return new Routing(new Score.Linear(bias), gate, Placement.MLP, new Selection.TopK(ratio), Candidates.VISION, SkippedKv.DROP,
                Positions.ORIGINAL, new SkipPath.Gated(), DecodeRule.DENSE);
    }

    /** γ-MoD: a shared two-way router on the normed input, probability threshold, renumbered positions, routes decode steps. */
    public static Routing gamma(double prompt, double single) {
        return new Routing(new Score.SharedLinear(), new Gate.Probability(), Placement.MLP, new Selection.Threshold(prompt, single),
                Candidates.ALL, SkippedKv.DROP, Positions.RENUMBERED, new SkipPath.Identity(), DecodeRule.THRESHOLD);
    }

    /** The original Mixture-of-Depths: sigmoid of a linear score as gate on the whole block, top-k of all tokens. */
    public static Routing original(double ratio) {
        return new Routing(new Score.Linear(false), new Gate.Sigmoid(1, 0), Placement.BLOCK, new Selection.TopK(ratio), Candidates.PROMPT,
                SkippedKv.DROP, Positions.ORIGINAL, new SkipPath.Identity(), DecodeRule.DENSE);
    }

    /** Untrained: evenly spaced selection, gate one. */
    public static Routing plain(double ratio) {
        return new Routing(new Score.None(), new Gate.One(), Placement.MLP, new Selection.EvenlySpaced(ratio), Candidates.PROMPT,
                SkippedKv.DROP, Positions.ORIGINAL, new SkipPath.Identity(), DecodeRule.DENSE);
    }

    /** This, its tokens scored in another way; first, where a gate or a selection needs the score. */
    public Routing withScore(Score other) {
        return new Routing(other, gate, placement, selection, candidates, kv, positions, skip, decode, part);
    }

    /** This with another gate. */
    public Routing withGate(Gate other) {
        return new Routing(score, other, placement, selection, candidates, kv, positions, skip, decode, part);
    }

    /** This with another placement. */
    public Routing withPlacement(Placement other) {
        return new Routing(score, gate, other, selection, candidates, kv, positions, skip, decode, part);
    }

    /** This with another selection. */
    public Routing withSelection(Selection other) {
        return new Routing(score, gate, placement, other, candidates, kv, positions, skip, decode, part);
    }

    /** This with other default candidates. */
    public Routing withCandidates(Candidates other) {
        return new Routing(score, gate, placement, selection, other, kv, positions, skip, decode, part);
    }

    /** This with another choice about skipped tokens' keys and values. */
    public Routing withKv(SkippedKv other) {
        return new Routing(score, gate, placement, selection, candidates, other, positions, skip, decode, part);
    }

    /** This with other positions of the kept tokens. */
    public Routing withPositions(Positions other) {
        return new Routing(score, gate, placement, selection, candidates, kv, other, skip, decode, part);
    }

    /** This with another path for skipped tokens. */
    public Routing withSkip(SkipPath other) {
        return new Routing(score, gate, placement, selection, candidates, kv, positions, other, decode, part);
    }

    /** This with another rule for decode steps. */
    public Routing withDecode(DecodeRule other) {
        return new Routing(score, gate, placement, selection, candidates, kv, positions, skip, other, part);
    }

    /** This, another part of the layer skipped; keys and values are kept where that is the MLP alone. */
    public Routing withPart(Part other) {
        return new Routing(score, gate, placement, selection, candidates, other == Part.MLP ? SkippedKv.KEEP : kv, positions, skip, decode, other);
    }

    /** How a token's score is computed, in F32. */
    public sealed interface Score {
        /** There is no score. */
        record None() implements Score {
        }

        /** {@code x · w + b} on the layer's raw input; w {@code [1, d]}, b {@code [1]}. */
        record Linear(boolean bias) implements Score {
        }

        /** {@code softmax(W · norm1(x))[1]} with the layer's own input norm; W {@code [2, d]}. */
        record SharedLinear() implements Score {
        }

        /**
         * Attention received in this layer from the last {@code observers} tokens of the prompt, by all of the prompt, whatever
         * window the layer's own attention has.
         */
        record AttentionReceived(int observers) implements Score {
            public AttentionReceived {
                Expect.attribute(observers >= 1, "observers is " + observers + ", expected at least 1");
            }
        }

        /**
         * An operand of the layer, {@code f32[tokens]}: the graph computes it in a way of its own. Where that is attention received in
         * an earlier layer, it stands here too, for those who have no graph, such as who counts what a bundle costs.
         *
         * @param earlier   how many layers before this one, or 0 for scores of any other kind
         * @param observers how many tokens at the end of the prompt attend, or 0
         */
        record Given(@AttributeDefault("0") int earlier, @AttributeDefault("0") int observers) implements Score {
            public Given {
                Expect.attribute(earlier >= 0 && observers >= 0 && earlier > 0 == observers > 0,
                        "earlier is " + earlier + " and observers is " + observers + ", expected at least 1 for both, or 0 for both");
            }

            /** Of no kind that has a name. */
            public Given() {
                this(0, 0);
            }
        }
    }

    /** The factor made of the score; for tokens that are not candidates it is one (γ-MoD has none of those). */
    public sealed interface Gate {
        /** Always one. */
        record One() implements Gate {
        }

        /** {@code alpha · tanh(s) + beta}. */
        record Tanh(double alpha, double beta) implements Gate {
            public Tanh {
                Expect.attribute(alpha >= 0, "alpha is " + alpha + ", expected 0 or more");
            }
        }

        /** {@code alpha · sigmoid(s) + beta}. */
        record Sigmoid(double alpha, double beta) implements Gate {
            public Sigmoid {
                Expect.attribute(alpha >= 0, "alpha is " + alpha + ", expected 0 or more");
            }
        }

        /** {@code alpha · softmax(s) + beta}, over the candidates of the row. */
        record Softmax(double alpha, double beta) implements Gate {
            public Softmax {
                Expect.attribute(alpha >= 0, "alpha is " + alpha + ", expected 0 or more");
            }
        }

        /** The score as it is. */
        record Probability() implements Gate {
        }
    }

    /** What the gate multiplies for a kept token. */
    public enum Placement {
        /** {@code y = r + g · mlp}, r being the residual stream after attention. */
        MLP,
        /** {@code y = x + g · (dense(x) − x)}. */
        BLOCK
    }

    /**
     * Which candidates of a row are kept; all other tokens always are. Kept tokens stay in order. Shares, softmax and attention
     * received are over the tokens of one call: the second part of a prompt is counted by itself, while positions, windows and
     * random keys go by the place in the whole sequence.
     */
    public sealed interface Selection {
        /** True if the choice depends on a score. */
        default boolean needsScore() {
            return false;
        }

        /** The share of the candidates kept, or 1 where it is not fixed beforehand. */
        default double ratio() {
            return 1;
        }

        /** How many of a row's candidates a fixed share keeps: {@code trunc(candidates · ratio)}, computed in F32 as the graph does. */
        static long kept(long candidates, double ratio) {
            return (long) ((float) candidates * (float) ratio);
        }

        /** The {@code trunc(ratio · candidates)} of the largest key (the gate, or the score where the gate is one), ties to the lower position; NaN ranks last, −0 equals +0. */
        record TopK(double ratio) implements Selection {
            public TopK {
                checkRatio(ratio);
            }

            @Override
            public boolean needsScore() {
                return true;
            }

            @Override
            public Selection withRatio(double other) {
                return new TopK(other);
            }
        }

        /** Those whose score is larger than {@code prompt}; in a row of one new token, those of at least {@code single}. */
        record Threshold(double prompt, double single) implements Selection {
            @Override
            public boolean needsScore() {
                return true;
            }

            @Override
            public Selection withRatio(double other) {
                throw new IllegalStateException("a threshold keeps no fixed share");
            }
        }

        /**
         * {@code k = trunc(ratio · m)} of the m candidates, evenly spaced: candidate j (from 0) is kept when
         * {@code floor((j + 1) · k / m) > floor(j · k / m)}; the last candidate is always among them.
         */
        record EvenlySpaced(double ratio) implements Selection {
            public EvenlySpaced {
                checkRatio(ratio);
            }

            @Override
            public Selection withRatio(double other) {
                return new EvenlySpaced(other);
            }
        }

        /** The last {@code trunc(ratio · candidates)}. */
        record MostRecent(double ratio) implements Selection {
            public MostRecent {
                checkRatio(ratio);
            }

            @Override
            public Selection withRatio(double other) {
                return new MostRecent(other);
            }
        }

        /**
         * {@code k = trunc(ratio · candidates)}: the last {@code recent} of the candidates, no more than k, and of the others as
         * many as are missing, those of the largest key as in {@link TopK}.
         */
        record RecentTopK(double ratio, int recent) implements Selection {
            public RecentTopK {
                checkRatio(ratio);
                Expect.attribute(recent >= 0, "recent is " + recent + ", expected 0 or more");
            }

            @Override
            public boolean needsScore() {
                return true;
            }

            @Override
            public Selection withRatio(double other) {
                return new RecentTopK(other, recent);
            }
        }

        /**
         * The {@code trunc(ratio · candidates)} of the largest pseudo-random key, a hash of seed, layer and sequence index (exact
         * integer arithmetic, the same on every backend).
         */
        record Random(double ratio, int seed) implements Selection {
            public Random {
                checkRatio(ratio);
                Expect.attribute(seed >= 0, "seed is " + seed + ", expected 0 or more");
            }

            @Override
            public Selection withRatio(double other) {
                return new Random(other, seed);
            }
        }

        /**
         * The same rule, another share kept.
         *
         * @throws IllegalStateException for a rule that keeps no fixed share
         */
        Selection withRatio(double other);

        private static void checkRatio(double ratio) {
            Expect.attribute(ratio >= 0 && ratio <= 1, "ratio is " + ratio + ", expected 0 to 1");
        }
    }

    /** Which tokens may be skipped when the caller does not say. */
    public enum Candidates {
        /** Vision tokens; none in a text-only input, which then runs dense. */
        VISION,
        /** Prompt positions 1 … n−2: the first and the last are always kept. */
        PROMPT,
        /** Every token. */
        ALL,
        /** Only what the caller gives. */
        GIVEN
    }

    /** What becomes of a skipped token's key and value. */
    public enum SkippedKv {
        /** Not computed: the layer's cache has only the kept tokens. */
        DROP,
        /** Computed from the token's unchanged hidden state and cached: kept tokens attend to all. */
        KEEP
    }

    /** Rotary positions of the kept tokens. */
    public enum Positions { ORIGINAL, RENUMBERED }

    /** What a token that skips a part becomes there, x being the residual stream before the part. */
    public sealed interface SkipPath {
        /** {@code x}. */
        record Identity() implements SkipPath {
        }

        /** {@code g · x}. */
        record Gated() implements SkipPath {
        }

        /** {@code x + (norm(x) · downᵀ) · upᵀ + c}, with the norm that the part begins with; down {@code [rank, d]}, up {@code [d, rank]}, c {@code [d]}. */
        record Linear(int rank) implements SkipPath {
            public Linear {
                Expect.attribute(rank >= 1, "rank is " + rank + ", expected at least 1");
            }
        }
    }

    /** What of a layer a skipped token skips. Scores are of what goes into the layer, whatever the part. */
    public enum Part {
        /** All of it. */
        LAYER,
        /** Attention: its query, the scores and the output; the MLP processes every token. */
        ATTENTION,
        /** The MLP: attention processes every token, and caches keys and values of all. */
        MLP
    }

    /** What the layer does with a new token in decode. */
    public enum DecodeRule {
        /** Always processed. */
        DENSE,
        /** Routed like any other: there are candidates in decode too. */
        THRESHOLD
    }
}
