// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.reference;

import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionProbs;
import io.github.depthc.ir.op.AttentionReceived;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Attention, query by query and head by head. */
final class Attending {
    private Attending() {
    }

    /** The result, and the new cache when there was a past (null for none). */
    static Object[] attention(Attention k, Tensor q, Tensor key, Tensor value, Rows queries, Rows keys, Cache past) {
        var present = new ArrayList<List<Cache.Entry>>();
        (past == null ? Cache.empty(keys.count()) : past).rows().forEach(r -> present.add(new ArrayList<>(r)));
        for (int t = 0; t < keys.rowOf().length; t++) {
            present.get(keys.rowOf()[t]).add(new Cache.Entry(key.row(t), value.row(t), keys.index()[t]));
        }
        var out = new ArrayList<double[]>();
        for (int t = 0; t < queries.rowOf().length; t++) {
            List<Cache.Entry> row = present.get(queries.rowOf()[t]);
            List<double[]> rowKeys = row.stream().map(Cache.Entry::key).toList();
            long[] index = row.stream().mapToLong(Cache.Entry::index).toArray();
            double[] y = new double[k.heads() * k.headDim()];
            for (int h = 0; h < k.heads(); h++) {
                double[] p = attend(q.row(t), queries.index()[t], rowKeys, index, h, k.heads(), k.kvHeads(), k.headDim(), k.scale(), k.softcap(),
                        k.window(), k.causal());
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
        return past == null ? new Object[] {y} : new Object[] {y, new Cache(present)};
    }

    static Tensor probs(AttentionProbs k, Tensor q, Tensor key, Rows rows) {
        int n = q.rows();
        double[] out = new double[k.heads() * n * n];
        List<double[]> keys = IntStream.range(0, n).mapToObj(key::row).toList();
        for (int h = 0; h < k.heads(); h++) {
            for (int t = 0; t < n; t++) {
                double[] p = attend(q.row(t), rows.index()[t], keys, rows.index(), h, k.heads(), k.kvHeads(), k.headDim(), k.scale(), k.softcap(),
                        k.window(), true);
                System.arraycopy(p, 0, out, (h * n + t) * n, n);
            }
        }
        return new Tensor(out, k.heads(), n, n);
    }

    static Tensor received(AttentionReceived k, Tensor q, Tensor key, Rows rows) {
        double[] out = new double[q.rows()];
        for (int r = 0; r < rows.count(); r++) {
            int[] tokens = rows.tokensOf(r);
            List<double[]> keys = IntStream.of(tokens).mapToObj(key::row).toList();
            long[] index = IntStream.of(tokens).mapToLong(t -> rows.index()[t]).toArray();
            for (int o = Math.max(0, tokens.length - k.observers()); o < tokens.length; o++) {
                for (int h = 0; h < k.heads(); h++) {
                    double[] p = attend(q.row(tokens[o]), index[o], keys, index, h, k.heads(), k.kvHeads(), k.headDim(), k.scale(), k.softcap(), 0,
                            k.causal());
                    for (int j = 0; j < tokens.length; j++) {
                        out[tokens[j]] += p[j] / k.heads();
                    }
                }
            }
        }
        return Tensor.vector(out);
    }

    /** Probabilities of one query over keys. */
    private static double[] attend(double[] q, long index, List<double[]> keys, long[] keyIndex, int head, int heads, int kvHeads, int headDim,
            double scale, double softcap, int window, boolean causal) {
        double[] p = new double[keys.size()];
        double sum = 0;
        int kv = head / (heads / kvHeads);
        for (int j = 0; j < p.length; j++) {
            if (!causal || keyIndex[j] <= index && (window == 0 || index - keyIndex[j] < window)) {
                double s = scale * Math64.dot(Arrays.copyOfRange(q, head * headDim, (head + 1) * headDim),
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
}
