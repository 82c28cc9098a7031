// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.op.RotarySpec;
import io.github.depthc.ir.op.Unary;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * What all layers of a random decoder have in common.
 *
 * @param block      where the norms stand
 * @param epsilon    of all norms
 * @param unitOffset whether norms multiply by {@code 1 + w}
 * @param headNorms  whether each head of queries and keys is normed
 * @param projection how queries, keys and values are computed
 * @param bias       whether linear layers have biases
 * @param gatedMlp   whether the MLP is {@code act(gate) · up}
 * @param fusedMlp   whether gate and up are one linear layer
 * @param activation of the MLP
 * @param rotary     empty for no rotary embedding
 * @param scale      of attention scores
 * @param softcap    of attention scores, 0 for none
 * @param window     of some layers, 0 for none
 * @param tied       whether the LM head is the embedding table
 * @param embedScale factor on embeddings
 * @param logitCap   of logits, 0 for none
 */
record DecoderTraits(ModelInfo info, Block block, double epsilon, boolean unitOffset, boolean headNorms, Projection projection, boolean bias,
        boolean gatedMlp, boolean fusedMlp, Unary activation, Optional<RotarySpec> rotary, double scale, double softcap, int window, boolean tied,
        double embedScale, double logitCap) {
    /** Where norms stand: before each branch, behind it, or both. */
    enum Block {
        PRE, POST, SANDWICH;

        boolean before() {
            return this != POST;
        }

        boolean after() {
            return this != PRE;
        }
    }

    /** Three linear layers, one that is cut, or three with views of one weight. */
    enum Projection { SEPARATE, FUSED, VIEWS }

    static DecoderTraits draw(SplittableRandom random, long seed) {
        int kvHeads = 1 + random.nextInt(2);
        int heads = kvHeads * (1 + random.nextInt(2));
        int headDim = List.of(4, 8, 8, 16).get(random.nextInt(4));
        int hidden = 4 * (2 + random.nextInt(4));
        var info = new ModelInfo("random-" + seed, "random", 1 + random.nextInt(5) / 2, hidden, heads, kvHeads, headDim, 4 * (2 + random.nextInt(4)),
                16 + random.nextInt(24), 64);
        return new DecoderTraits(info, Block.values()[random.nextInt(6) % 4 % 3], random.nextBoolean() ? 1e-5 : 1e-6, random.nextInt(3) == 0,
                random.nextInt(3) == 0, Projection.values()[random.nextInt(3)], random.nextInt(3) == 0, random.nextInt(4) != 0,
                random.nextInt(3) == 0, activation(random), rotary(random, headDim), (0.5 + random.nextDouble()) / Math.sqrt(headDim),
                random.nextInt(4) == 0 ? 5 : 0, random.nextInt(3) == 0 ? 2 + random.nextInt(6) : 0, random.nextBoolean(),
                random.nextInt(4) == 0 ? Math.sqrt(hidden) : 1, random.nextInt(4) == 0 ? 10 : 0);
    }

    private static Unary activation(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> new Unary.Gelu(true);
            case 1 -> new Unary.Gelu(false);
            default -> new Unary.Silu();
        };
    }

    private static Optional<RotarySpec> rotary(SplittableRandom random, int headDim) {
        if (random.nextInt(8) == 0) {
            return Optional.empty();
        }
        int dim = random.nextInt(4) == 0 ? headDim / 2 : headDim;
        RotarySpec.Scaling scaling = switch (random.nextInt(8)) {
            case 0 -> new RotarySpec.Scaling.Linear(2);
            case 1 -> new RotarySpec.Scaling.Llama3(8, 1, 4, 32);
            case 2 -> new RotarySpec.Scaling.Yarn(4, 32, 1, 16, 1.1, true);
            // prompts and steps are on both sides of the switch
            case 3, 4 -> new RotarySpec.Scaling.LongRope(factors(dim, 1, 0.125), factors(dim, 2, 0.5), 2 + random.nextInt(8), 1.2);
            default -> new RotarySpec.Scaling.None();
        };
        return Optional.of(new RotarySpec(dim, random.nextBoolean() ? 10_000 : 500_000, scaling));
    }

    private static List<Double> factors(int dim, double first, double step) {
        return Stream.iterate(first, f -> f + step).limit(dim / 2).toList();
    }
}
