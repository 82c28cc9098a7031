// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.mod.Routing.Gate;
import io.github.depthc.ir.mod.Routing.Part;
import io.github.depthc.ir.mod.Routing.Placement;
import io.github.depthc.ir.mod.Routing.Positions;
import io.github.depthc.ir.mod.Routing.Score;
import io.github.depthc.ir.mod.Routing.Selection;
import io.github.depthc.ir.mod.Routing.SkipPath;
import io.github.depthc.ir.mod.Routing.SkippedKv;
import java.util.SplittableRandom;

/** Combinations of Mixture-of-Depths attributes: any that has a meaning. */
final class RandomRouting {
    private static final double[] RATIOS = {0, 0.15, 0.25, 0.5, 0.5, 0.75, 0.9, 1};

    private final SplittableRandom random;
    private final boolean inputNorm;

    private RandomRouting(SplittableRandom random, boolean inputNorm) {
        this.random = random;
        this.inputNorm = inputNorm;
    }

    /**
     * One combination.
     *
     * @param inputNorm  whether the layer has a norm of its input, which some routers and skip paths read
     * @param candidates the model's rule
     * @param decode     the model's rule
     */
    static Routing draw(SplittableRandom random, boolean inputNorm, Routing.Candidates candidates, Routing.DecodeRule decode) {
        return new RandomRouting(random, inputNorm).draw(candidates, decode);
    }

    private Routing draw(Routing.Candidates candidates, Routing.DecodeRule decode) {
        Score score = score();
        boolean scored = !(score instanceof Score.None);
        SkippedKv kv = random.nextInt(3) == 0 ? SkippedKv.KEEP : SkippedKv.DROP;
        Positions positions = kv == SkippedKv.DROP && random.nextInt(3) == 0 ? Positions.RENUMBERED : Positions.ORIGINAL;
        Placement placement = random.nextBoolean() ? Placement.MLP : Placement.BLOCK;
        Gate gate = scored ? gate() : new Gate.One();
        return new Routing(score, gate, placement, selection(score), candidates, kv, positions, skip(scored), decode, part(gate, placement, kv));
    }

    /** One that goes with the others. */
    private Part part(Gate gate, Placement placement, SkippedKv kv) {
        return switch (random.nextInt(4)) {
            case 0 -> kv == SkippedKv.KEEP ? Part.MLP : Part.LAYER;
            case 1 -> gate instanceof Gate.One || placement == Placement.BLOCK ? Part.ATTENTION : Part.LAYER;
            default -> Part.LAYER;
        };
    }

    private Score score() {
        return switch (random.nextInt(inputNorm ? 9 : 7)) {
            case 0 -> new Score.None();
            case 1, 2 -> new Score.Linear(true);
            case 3 -> new Score.Linear(false);
            case 4, 5 -> new Score.AttentionReceived(1 + random.nextInt(8));
            case 6 -> new Score.Given();
            default -> new Score.SharedLinear();
        };
    }

    private Gate gate() {
        return switch (random.nextInt(6)) {
            case 0 -> new Gate.Tanh(0.2 + random.nextDouble(), random.nextInt(2));
            case 1 -> new Gate.Sigmoid(0.5 + random.nextDouble(), random.nextDouble() / 2);
            case 2 -> new Gate.Softmax(0.5 + 3 * random.nextDouble(), random.nextInt(2));
            case 3 -> new Gate.Probability();
            default -> new Gate.One();
        };
    }

    private Selection selection(Score score) {
        double ratio = RATIOS[random.nextInt(RATIOS.length)];
        return switch (random.nextInt(score instanceof Score.None ? 3 : 8)) {
            case 0 -> new Selection.EvenlySpaced(ratio);
            case 1 -> new Selection.Random(ratio, random.nextInt(100));
            case 2 -> new Selection.MostRecent(ratio);
            case 3, 4 -> new Selection.Threshold(threshold(score), threshold(score));
            case 5 -> new Selection.RecentTopK(ratio, random.nextInt(4));
            default -> new Selection.TopK(ratio);
        };
    }

    /** A number that some scores are above. */
    private double threshold(Score score) {
        return switch (score) {
            case Score.SharedLinear s -> 0.3 + 0.4 * random.nextDouble();
            case Score.AttentionReceived s -> 0.1 + 1.2 * random.nextDouble();
            default -> random.nextDouble() - 0.5;
        };
    }

    private SkipPath skip(boolean scored) {
        return switch (random.nextInt(5)) {
            case 0 -> inputNorm ? new SkipPath.Linear(1 + random.nextInt(3)) : new SkipPath.Identity();
            case 1, 2 -> scored ? new SkipPath.Gated() : new SkipPath.Identity();
            default -> new SkipPath.Identity();
        };
    }
}
