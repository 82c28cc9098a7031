// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.reference;

import io.github.depthc.ir.op.DropFirst;
import io.github.depthc.ir.op.ImageAttention;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The ops of a vision transformer, one token after the other. */
final class Images {
    private Images() {
    }

    static Tensor embed(Tensor pixels, Tensor w, Tensor first, Tensor positions) {
        int n = pixels.shape()[0];
        int channels = pixels.shape()[1];
        int side = pixels.shape()[2];
        int d = w.shape()[0];
        int size = w.shape()[2];
        int grid = side / size;
        var tokens = new ArrayList<double[]>();
        for (int image = 0; image < n; image++) {
            tokens.add(plus(first.data(), positions.row(0)));
            for (int square = 0; square < grid * grid; square++) {
                var token = new double[d];
                for (int i = 0; i < channels * size * size; i++) {
                    int channel = i / (size * size);
                    int y = square / grid * size + i / size % size;
                    int x = square % grid * size + i % size;
                    double pixel = pixels.data()[((image * channels + channel) * side + y) * side + x];
                    for (int o = 0; o < d; o++) {
                        token[o] += pixel * w.data()[o * channels * size * size + i];
                    }
                }
                tokens.add(plus(token, positions.row(1 + square)));
            }
        }
        return Tensor.stack(tokens, d);
    }

    private static double[] plus(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] + b[i]).toArray();
    }

    static Tensor attention(ImageAttention k, Tensor q, Tensor key, Tensor value) {
        int d = q.width();
        int size = d / k.heads();
        var out = new ArrayList<double[]>();
        for (int t = 0; t < q.rows(); t++) {
            int from = t / k.length() * k.length();
            var y = new double[d];
            for (int h = 0; h < k.heads(); h++) {
                double[] p = new double[k.length()];
                for (int j = 0; j < p.length; j++) {
                    for (int i = h * size; i < (h + 1) * size; i++) {
                        p[j] += q.data()[t * d + i] * key.data()[(from + j) * d + i] / Math.sqrt(size);
                    }
                }
                p = Math64.softmax(new Tensor(p, 1, p.length)).data();
                for (int j = 0; j < p.length; j++) {
                    for (int i = h * size; i < (h + 1) * size; i++) {
                        y[i] += p[j] * value.data()[(from + j) * d + i];
                    }
                }
            }
            out.add(y);
        }
        return Tensor.stack(out, d);
    }

    static Tensor dropFirst(DropFirst k, Tensor x) {
        List<double[]> left = IntStream.range(0, x.rows()).filter(t -> t % k.length() != 0).mapToObj(x::row).toList();
        return Tensor.stack(left, x.width());
    }
}
