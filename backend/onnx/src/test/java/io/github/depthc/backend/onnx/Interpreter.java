// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModGate;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.AddRmsNorm;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionProbs;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.CachePositions;
import io.github.depthc.ir.op.Constant;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotaryFrequencies;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.SliceLast;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * What the IR's ops mean, computed in F64 token by token with plain loops: the reference for emitted graphs. Knows inline
 * weights only.
 */
final class Interpreter {
    /** Numbers of any tensor; I64 and BOOL values are exact in F64 here. */
    record Tensor(double[] data, int... shape) {
        int rows() {
            return shape[0];
        }

        int width() {
            return shape.length < 2 ? 1 : data.length == 0 ? shape[1] : data.length / shape[0];
        }

        double[] row(int i) {
            return Arrays.copyOfRange(data, i * width(), (i + 1) * width());
        }

        static Tensor stack(List<double[]> rows, int width) {
            double[] all = new double[rows.size() * width];
            for (int i = 0; i < rows.size(); i++) {
                System.arraycopy(rows.get(i), 0, all, i * width, width);
            }
            return new Tensor(all, rows.size(), width);
        }

        static Tensor vector(double... data) {
            return new Tensor(data, data.length);
        }
    }

    /** Which row each token is of, and its index in the sequence. */
    record Rows(int count, int[] rowOf, long[] index) {
        static Rows of(int[] lengths, int[] starts) {
            int n = Arrays.stream(lengths).sum();
            int[] rowOf = new int[n];
            long[] index = new long[n];
            int t = 0;
            for (int r = 0; r < lengths.length; r++) {
                for (int i = 0; i < lengths[r]; i++, t++) {
                    rowOf[t] = r;
                    index[t] = starts[r] + i;
                }
            }
            return new Rows(lengths.length, rowOf, index);
        }

        Rows subset(int[] tokens) {
            return new Rows(count, IntStream.of(tokens).map(t -> rowOf[t]).toArray(), IntStream.of(tokens).mapToLong(t -> index[t]).toArray());
        }

        int[] tokensOf(int row) {
            return IntStream.range(0, rowOf.length).filter(t -> rowOf[t] == row).toArray();
        }
    }

    /** A cached token. */
    record Entry(double[] key, double[] value, long index) {
    }

    /** One layer's cache: the entries of each row. */
    record Cache(List<List<Entry>> rows) {
        static Cache empty(int rows) {
            return new Cache(IntStream.range(0, rows).mapToObj(r -> List.<Entry>of()).toList());
        }

        int[] lengths() {
            return rows.stream().mapToInt(List::size).toArray();
        }
    }

    private final Map<Value, Object> values = new IdentityHashMap<>();

    /** The yields of a region, given a {@link Tensor}, {@link Rows} or {@link Cache} for each parameter, by name. */
    static List<Object> run(Region graph, Map<String, ?> inputs) {
        var it = new Interpreter();
        for (Param p : graph.params()) {
            it.values.put(p, inputs.get(p.name()));
        }
        for (Node node : graph.nodes()) {
            Object[] results = it.eval(node);
            for (int i = 0; i < results.length; i++) {
                it.values.put(node.result(i), results[i]);
            }
        }
        return graph.yields().stream().map(it.values::get).toList();
    }

    private Tensor t(Node node, int i) {
        return (Tensor) values.get(node.operand(i));
    }

    private Rows rows(Node node, int i) {
        return (Rows) values.get(node.operand(i));
    }

    private Object[] eval(Node node) {
        return switch (node.kind()) {
            case Weight w -> one(weight(w.expr()));
            case Constant k -> one(new Tensor(new double[] {(float) k.value()}));
            case Embedding k -> one(gather(t(node, 1), t(node, 0)));
            case GatherRows k -> one(gather(t(node, 0), t(node, 1)));
            case ModGather k -> one(gather(t(node, 0), t(node, 1)));
            case Linear k -> one(linear(t(node, 0), t(node, 1), node.operands().size() == 3 ? t(node, 2) : null));
            case RmsNorm k -> one(norm(t(node, 0), t(node, 1), k.epsilon(), k.unitOffset(), k.groups()));
            case AddRmsNorm k -> {
                Tensor sum = zip(t(node, 0), t(node, 1), Double::sum);
                yield new Object[] {sum, norm(sum, t(node, 2), k.epsilon(), k.unitOffset(), 1)};
            }
            case RotaryTable k -> table(k, t(node, 0), rows(node, 1));
            case Rotary k -> one(rotary(t(node, 0), t(node, 1), t(node, 2), k.heads()));
            case Attention k -> attention(node, k);
            case AttentionProbs k -> one(probs(k, t(node, 0), t(node, 1), rows(node, 2)));
            case AttentionReceived k -> one(received(k, t(node, 0), t(node, 1), rows(node, 2)));
            case CachePositions k -> one(cachePositions(rows(node, 0), (Cache) values.get(node.operand(1))));
            case Unary.Softmax k -> one(softmax(t(node, 0)));
            case Unary k -> one(map(t(node, 0), function(k)));
            case Binary.Sub k -> one(zip(t(node, 0), t(node, 1), (a, b) -> a - b));
            case Binary.Mul k -> one(zip(t(node, 0), t(node, 1), (a, b) -> a * b));
            case Binary k -> one(zip(t(node, 0), t(node, 1), Double::sum));
            case SliceLast k -> {
                var out = new ArrayList<double[]>();
                for (int i = 0; i < t(node, 0).rows(); i++) {
                    out.add(Arrays.copyOfRange(t(node, 0).row(i), (int) k.begin(), (int) k.end()));
                }
                yield one(Tensor.stack(out, (int) (k.end() - k.begin())));
            }
            case ModScore k -> one(score(k, node));
            case ModGate k -> one(gate(k.gate(), t(node, 0), t(node, 1), rows(node, 2)));
            case ModSelect k -> {
                int[] kept = select(k, rows(node, 0), t(node, 1), node.operands().size() == 3 ? t(node, 2) : null);
                yield new Object[] {Tensor.vector(IntStream.of(kept).asDoubleStream().toArray()), rows(node, 0).subset(kept)};
            }
            case ModCombine k -> {
                double[] out = t(node, 0).data().clone();
                int w = t(node, 0).width();
                for (int i = 0; i < t(node, 1).rows(); i++) {
                    System.arraycopy(t(node, 2).data(), i * w, out, (int) t(node, 1).data()[i] * w, w);
                }
                yield one(new Tensor(out, t(node, 0).shape()));
            }
            default -> throw new IllegalArgumentException(node.kind().toString());
        };
    }

    private static Object[] one(Object value) {
        return new Object[] {value};
    }

    private static Tensor weight(WeightExpr expr) {
        var inline = (WeightExpr.Inline) expr;
        return new Tensor(inline.values().stream().mapToDouble(v -> (float) (double) v).toArray(),
                Arrays.stream(expr.type().fixedShape()).mapToInt(d -> (int) d).toArray());
    }

    private static Tensor gather(Tensor x, Tensor indices) {
        int w = x.width();
        int[] shape = x.shape().clone();
        shape[0] = indices.rows();
        double[] out = new double[indices.rows() * w];
        for (int i = 0; i < indices.rows(); i++) {
            System.arraycopy(x.data(), (int) indices.data()[i] * w, out, i * w, w);
        }
        return new Tensor(out, shape);
    }

    private static Tensor linear(Tensor x, Tensor w, Tensor bias) {
        var out = new ArrayList<double[]>();
        for (int i = 0; i < x.rows(); i++) {
            double[] y = new double[w.rows()];
            for (int j = 0; j < y.length; j++) {
                y[j] = dot(x.row(i), w.row(j)) + (bias == null ? 0 : bias.data()[j]);
            }
            out.add(y);
        }
        return Tensor.stack(out, w.rows());
    }

    private static double dot(double[] a, double[] b) {
        double s = 0;
        for (int i = 0; i < a.length; i++) {
            s += a[i] * b[i];
        }
        return s;
    }

    private static Tensor norm(Tensor x, Tensor w, double epsilon, boolean unitOffset, int groups) {
        double[] out = new double[x.data().length];
        int size = w.rows();
        for (int start = 0; start < out.length; start += size) {
            double[] part = Arrays.copyOfRange(x.data(), start, start + size);
            double scale = 1 / Math.sqrt(dot(part, part) / size + epsilon);
            for (int i = 0; i < size; i++) {
                out[start + i] = part[i] * scale * (w.data()[i] + (unitOffset ? 1 : 0));
            }
        }
        if (x.width() / groups != size) {
            throw new IllegalArgumentException(groups + " groups");
        }
        return new Tensor(out, x.shape());
    }

    private static Object[] table(RotaryTable kind, Tensor positions, Rows rows) {
        var f = RotaryFrequencies.of(kind.rotary());
        int half = f.inverse().length;
        double[] cos = new double[positions.rows() * half];
        double[] sin = new double[cos.length];
        for (int t = 0; t < positions.rows(); t++) {
            double last = Arrays.stream(rows.tokensOf(rows.rowOf()[t])).mapToDouble(u -> positions.data()[u]).max().orElseThrow();
            float[] inverse = last + 1 > f.switchLength() ? f.longInverse() : f.inverse();
            for (int i = 0; i < half; i++) {
                float angle = (float) positions.data()[t] * inverse[i];
                cos[t * half + i] = Math.cos(angle) * f.attentionFactor();
                sin[t * half + i] = Math.sin(angle) * f.attentionFactor();
            }
        }
        return new Object[] {new Tensor(cos, positions.rows(), half), new Tensor(sin, positions.rows(), half)};
    }

    private static Tensor rotary(Tensor x, Tensor cos, Tensor sin, int heads) {
        double[] out = x.data().clone();
        int headDim = x.width() / heads;
        int half = cos.width();
        for (int t = 0; t < x.rows(); t++) {
            for (int h = 0; h < heads; h++) {
                int at = t * x.width() + h * headDim;
                for (int i = 0; i < half; i++) {
                    double a = x.data()[at + i];
                    double b = x.data()[at + half + i];
                    double c = cos.data()[t * half + i];
                    double s = sin.data()[t * half + i];
                    out[at + i] = a * c - b * s;
                    out[at + half + i] = b * c + a * s;
                }
            }
        }
        return new Tensor(out, x.shape());
    }

    private Object[] attention(Node node, Attention k) {
        Rows queries = rows(node, 3);
        Rows keys = rows(node, 4);
        Cache past = node.operands().size() == 6 ? (Cache) values.get(node.operand(5)) : Cache.empty(keys.count());
        var present = new ArrayList<List<Entry>>();
        past.rows().forEach(r -> present.add(new ArrayList<>(r)));
        for (int t = 0; t < keys.rowOf().length; t++) {
            present.get(keys.rowOf()[t]).add(new Entry(t(node, 1).row(t), t(node, 2).row(t), keys.index()[t]));
        }
        var out = new ArrayList<double[]>();
        for (int t = 0; t < queries.rowOf().length; t++) {
            List<Entry> row = present.get(queries.rowOf()[t]);
            double[] y = new double[k.heads() * k.headDim()];
            for (int h = 0; h < k.heads(); h++) {
                double[] p = attend(t(node, 0).row(t), queries.index()[t], row.stream().map(Entry::key).toList(),
                        row.stream().mapToLong(Entry::index).toArray(), h, k.heads(), k.kvHeads(), k.headDim(), k.scale(), k.softcap(), k.window());
                int kv = h / (k.heads() / k.kvHeads());
                for (int j = 0; j < row.size(); j++) {
                    for (int i = 0; i < k.headDim(); i++) {
                        y[h * k.headDim() + i] += p[j] * row.get(j).value()[kv * k.headDim() + i];
                    }
                }
            }
            out.add(y);
        }
        Tensor y = Tensor.stack(out, k.heads() * k.headDim());
        return node.operands().size() == 6 ? new Object[] {y, new Cache(present)} : one(y);
    }

    /** Probabilities of one query over keys. */
    private static double[] attend(double[] q, long index, List<double[]> keys, long[] keyIndex, int head, int heads, int kvHeads, int headDim,
            double scale, double softcap, int window) {
        double[] p = new double[keys.size()];
        double sum = 0;
        int kv = head / (heads / kvHeads);
        for (int j = 0; j < p.length; j++) {
            if (keyIndex[j] <= index && (window == 0 || index - keyIndex[j] < window)) {
                double s = scale * dot(Arrays.copyOfRange(q, head * headDim, (head + 1) * headDim),
                        Arrays.copyOfRange(keys.get(j), kv * headDim, (kv + 1) * headDim));
                p[j] = Math.exp(softcap > 0 ? softcap * Math.tanh(s / softcap) : s);
                sum += p[j];
            }
        }
        for (int j = 0; j < p.length; j++) {
            p[j] /= sum;
        }
        return p;
    }

    private static Tensor probs(AttentionProbs k, Tensor q, Tensor key, Rows rows) {
        int n = q.rows();
        double[] out = new double[k.heads() * n * n];
        List<double[]> keys = IntStream.range(0, n).mapToObj(key::row).toList();
        for (int h = 0; h < k.heads(); h++) {
            for (int t = 0; t < n; t++) {
                double[] p = attend(q.row(t), rows.index()[t], keys, rows.index(), h, k.heads(), k.kvHeads(), k.headDim(), k.scale(), k.softcap(),
                        k.window());
                System.arraycopy(p, 0, out, (h * n + t) * n, n);
            }
        }
        return new Tensor(out, k.heads(), n, n);
    }

    private static Tensor received(AttentionReceived k, Tensor q, Tensor key, Rows rows) {
        double[] out = new double[q.rows()];
        for (int r = 0; r < rows.count(); r++) {
            int[] tokens = rows.tokensOf(r);
            List<double[]> keys = IntStream.of(tokens).mapToObj(key::row).toList();
            long[] index = IntStream.of(tokens).mapToLong(t -> rows.index()[t]).toArray();
            for (int o = Math.max(0, tokens.length - k.observers()); o < tokens.length; o++) {
                for (int h = 0; h < k.heads(); h++) {
                    double[] p = attend(q.row(tokens[o]), index[o], keys, index, h, k.heads(), k.kvHeads(), k.headDim(), k.scale(), k.softcap(), 0);
                    for (int j = 0; j < tokens.length; j++) {
                        out[tokens[j]] += p[j] / k.heads();
                    }
                }
            }
        }
        return Tensor.vector(out);
    }

    private static Tensor cachePositions(Rows rows, Cache cache) {
        double[] out = new double[rows.rowOf().length];
        for (int r = 0; r < rows.count(); r++) {
            int next = cache.lengths()[r];
            for (int t : rows.tokensOf(r)) {
                out[t] = next++;
            }
        }
        return Tensor.vector(out);
    }

    private static Tensor softmax(Tensor x) {
        var out = new ArrayList<double[]>();
        for (int i = 0; i < x.rows(); i++) {
            double[] e = Arrays.stream(x.row(i)).map(Math::exp).toArray();
            double sum = Arrays.stream(e).sum();
            out.add(Arrays.stream(e).map(v -> v / sum).toArray());
        }
        return Tensor.stack(out, x.width());
    }

    private static DoubleUnaryOperator function(Unary kind) {
        return switch (kind) {
            case Unary.Silu k -> x -> x / (1 + Math.exp(-x));
            case Unary.Gelu k -> k.tanh() ? x -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))
                    : x -> x / 2 * (1 + erf(x / Math.sqrt(2)));
            case Unary.Sigmoid k -> x -> 1 / (1 + Math.exp(-x));
            case Unary.Tanh k -> Math::tanh;
            case Unary.Scale k -> x -> x * k.factor();
            case Unary.Softcap k -> x -> k.cap() * Math.tanh(x / k.cap());
            case Unary.Softmax k -> throw new IllegalArgumentException("not element-wise");
        };
    }

    /** By its power series, which is exact enough for the small arguments of tests. */
    private static double erf(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n < 80; n++) {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }

    private static Tensor map(Tensor x, DoubleUnaryOperator f) {
        return new Tensor(Arrays.stream(x.data()).map(f).toArray(), x.shape());
    }

    private interface Both {
        double of(double a, double b);
    }

    private static Tensor zip(Tensor a, Tensor b, Both f) {
        double[] out = new double[a.data().length];
        int each = b.shape().length == 0 ? out.length : out.length / Math.max(1, b.data().length);
        for (int i = 0; i < out.length; i++) {
            out[i] = f.of(a.data()[i], b.data()[i / each]);
        }
        return new Tensor(out, a.shape());
    }

    private Tensor score(ModScore k, Node node) {
        Tensor x = t(node, 0);
        double[] out = new double[x.rows()];
        for (int i = 0; i < out.length; i++) {
            double first = dot(x.row(i), t(node, 1).row(0));
            out[i] = switch (k.score()) {
                case Routing.Score.Linear(boolean bias) -> first + (bias ? t(node, 2).data()[0] : 0);
                case Routing.Score.SharedLinear s -> 1 / (1 + Math.exp(first - dot(x.row(i), t(node, 1).row(1))));
                default -> throw new IllegalArgumentException(k.toString());
            };
        }
        return Tensor.vector(out);
    }

    private static Tensor gate(Routing.Gate gate, Tensor score, Tensor candidates, Rows rows) {
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

    static int[] select(ModSelect kind, Rows rows, Tensor candidates, Tensor key) {
        boolean[] kept = new boolean[rows.rowOf().length];
        for (int r = 0; r < rows.count(); r++) {
            int[] tokens = rows.tokensOf(r);
            int[] c = Arrays.stream(tokens).filter(t -> candidates.data()[t] != 0).toArray();
            Arrays.stream(tokens).filter(t -> candidates.data()[t] == 0).forEach(t -> kept[t] = true);
            int k = (int) ((float) c.length * (float) kind.selection().ratio());
            switch (kind.selection()) {
                case Routing.Selection.TopK s -> best(c, k, Comparator.comparingDouble(t -> -key.data()[t]), kept);
                case Routing.Selection.Random s -> best(c, k, Comparator.comparingLong(
                        t -> -RandomKey.of(rows.index()[t], s.seed(), kind.index())), kept);
                case Routing.Selection.Threshold s -> {
                    for (int t : c) {
                        kept[t] = tokens.length == 1 ? (float) key.data()[t] >= (float) s.single() : (float) key.data()[t] > (float) s.prompt();
                    }
                }
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
