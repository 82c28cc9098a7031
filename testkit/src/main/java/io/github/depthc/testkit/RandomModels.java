// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.reference.Interpreter;
import io.github.depthc.reference.SelectionListener;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Random well-typed models for fuzzing passes: the same seed gives the same model in the same version. They are small (up to three layers of width 8 to 20),
 * so that one takes milliseconds.
 *
 * <p>Decoders vary in where norms stand, in grouped queries, head norms, biases, windows, caps, rotary scalings, activations, fused
 * linear layers, tied heads and forms of weights; Mixture-of-Depths layers have any combination of attributes that means something.
 * Selections keep a margin of {@value #MARGIN} over the whole script, so that the rounding of a kernel cannot change them, and
 * rounding every result to F32 moves no logit by more than {@value #ROUNDING}, so that differences beyond 1e-5 are not rounding. What
 * does not is drawn again.
 */
public final class RandomModels {
    /** Distance of every selection from its boundary. */
    public static final double MARGIN = 1e-3;

    /** How far rounding every result to F32 may move a logit, or an element that a graph yields. */
    public static final double ROUNDING = 2e-6;

    private static final int ATTEMPTS = 200;
    private static final int MOST_ROWS = 3;
    private static final int STEPS = 2;

    private RandomModels() {
    }

    /** A decoder with dense and Mixture-of-Depths layers. */
    public static RandomModel decoder(long seed) {
        return draw(seed, true);
    }

    /** A decoder with dense layers only. */
    public static RandomModel dense(long seed) {
        return draw(seed, false);
    }

    /** A graph on its own: tensor ops in random order, some of them of no effect, twice, or unused. */
    public static RandomGraph graph(long seed) {
        var random = new SplittableRandom(seed);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            RandomGraph graph = RandomGraph.draw(random, seed);
            double rounding = ReferenceGraph.trace(graph, Interpreter.Precision.F64).distance(ReferenceGraph.trace(graph, Interpreter.Precision.F32));
            if (rounding <= ROUNDING) {
                return graph;
            }
        }
        throw unlucky(seed);
    }

    /** A decoder and a graph of each of these seeds, printed. */
    public static List<String> texts(long first, int seeds) {
        return LongStream.range(first, first + seeds).boxed()
                .flatMap(s -> Stream.of(Printer.print(decoder(s).model()), Printer.print(graph(s).model().graph()))).toList();
    }

    private static RandomModel draw(long seed, boolean routes) {
        var random = new SplittableRandom(seed);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Model model = RandomDecoder.build(random, seed, routes);
            Script script = script(random, model.info());
            var margin = new Margin();
            Trace exact = ReferenceRun.trace(model, script, margin, Interpreter.Precision.F64);
            if (margin.smallest() >= MARGIN && roundingOf(model, script, exact) <= ROUNDING) {
                return new RandomModel(seed, model, script);
            }
        }
        throw unlucky(seed);
    }

    private static IllegalStateException unlucky(long seed) {
        return new IllegalStateException("seed " + seed + ": nothing fit in " + ATTEMPTS + " attempts");
    }

    /** How far logits are from those with every result rounded to F32. */
    static double roundingOf(Model model, Script script, Trace exact) {
        return exact.distance(ReferenceRun.trace(model, script, SelectionListener.NONE, Interpreter.Precision.F32));
    }

    /** Some rows of uneven lengths, the shortest of one token, and some steps. */
    private static Script script(SplittableRandom random, ModelInfo info) {
        int rows = 1 + random.nextInt(MOST_ROWS);
        var prompts = new ArrayList<Script.Prompt>();
        for (int r = 0; r < rows; r++) {
            prompts.add(Script.prompt(random, info.vocab(), 1 + random.nextInt(r == 0 ? 3 : 14)));
        }
        var steps = new ArrayList<int[]>();
        for (int s = 0; s < STEPS; s++) {
            steps.add(random.ints(rows, 0, info.vocab()).toArray());
        }
        return new Script(prompts, steps);
    }
}
