// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.reference;

import io.github.depthc.ir.mod.RandomKey;
import io.github.depthc.ir.mod.Routing;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Scores, gates and selections, by the definitions of {@link Routing}. */
final class Choosing {
    private Choosing() {
    }

    /** A router's score of each token; the bias is null where the score has none. */
    static Tensor score(Routing.Score kind, Tensor x, Tensor w, Tensor bias) {
        double[] out = new double[x.rows()];
        for (int i = 0; i < out.length; i++) {
            double first = Math64.dot(x.row(i), w.row(0));
            out[i] = switch (kind) {
                case Routing.Score.Linear s -> first + (s.bias() ? bias.data()[0] : 0);
                case Routing.Score.SharedLinear s -> 1 / (1 + Math.exp(first - Math64.dot(x.row(i), w.row(1))));
                default -> throw new IllegalArgumentException(kind.toString());
            };
        }
        return Tensor.vector(out);
    }

    static Tensor gate(Routing.Gate gate, Tensor score, Tensor candidates, Rows rows) {
        double[] out = new double[score.rows()];
        Arrays.fill(out, 1);
        for (int t = 0; t < out.length; t++) {
            if (candidates.data()[t] != 0) {
                double s = score.data()[t];
                int row = rows.rowOf()[t];
                out[t] = switch (gate) {
                    case Routing.Gate.One g -> 1;
                    case Routing.Gate.Tanh g -> g.alpha() * Math.tanh(s) + g.beta();
                    case Routing.Gate.Sigmoid g -> g.alpha() / (1 + Math.exp(-s)) + g.beta();
                    case Routing.Gate.Softmax g -> g.alpha() * Math.exp(s) / Arrays.stream(rows.tokensOf(row))
                            .filter(u -> candidates.data()[u] != 0).mapToDouble(u -> Math.exp(score.data()[u])).sum() + g.beta();
                    case Routing.Gate.Probability g -> s;
                };
            }
        }
        return Tensor.vector(out);
    }

    /** Packed indices of the kept tokens, ascending; the key is null where the rule needs none. */
    static int[] select(Routing.Selection selection, int layer, Rows rows, Tensor candidates, Tensor key) {
        boolean[] kept = new boolean[rows.rowOf().length];
        for (int r = 0; r < rows.count(); r++) {
            int[] tokens = rows.tokensOf(r);
            int[] c = Arrays.stream(tokens).filter(t -> candidates.data()[t] != 0).toArray();
            Arrays.stream(tokens).filter(t -> candidates.data()[t] == 0).forEach(t -> kept[t] = true);
            int k = (int) ((float) c.length * (float) selection.ratio());
            switch (selection) {
                case Routing.Selection.TopK s -> best(c, k, Comparator.comparingDouble(t -> -key.data()[t]), kept);
                case Routing.Selection.Random s -> best(c, k, Comparator.comparingLong(t -> -RandomKey.of(rows.index()[t], s.seed(), layer)), kept);
                case Routing.Selection.Threshold s -> {
                    for (int t : c) {
                        kept[t] = tokens.length == 1 ? (float) key.data()[t] >= (float) s.single() : (float) key.data()[t] > (float) s.prompt();
                    }
                }
                case Routing.Selection.RecentTopK s -> {
                    int others = c.length - Math.min(s.recent(), k);
                    Arrays.stream(c).skip(others).forEach(t -> kept[t] = true);
                    best(Arrays.copyOf(c, others), k - (c.length - others), Comparator.comparingDouble(t -> -key.data()[t]), kept);
                }
                case Routing.Selection.MostRecent s -> Arrays.stream(c).skip(c.length - k).forEach(t -> kept[t] = true);
                case Routing.Selection.EvenlySpaced s -> {
                    for (int j = 0; j < c.length; j++) {
                        kept[c[j]] = (long) (j + 1) * k / c.length > (long) j * k / c.length;
                    }
                }
            }
        }
        return IntStream.range(0, kept.length).filter(t -> kept[t]).toArray();
    }

    private static void best(int[] candidates, int k, Comparator<Integer> order, boolean[] kept) {
        Arrays.stream(candidates).boxed().sorted(order).limit(k).forEach(t -> kept[t] = true);
    }
}
