// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.reference;

import io.github.depthc.ir.op.RotaryFrequencies;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.Unary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/** Tensor arithmetic in F64. */
final class Math64 {
    private Math64() {
    }

    static double dot(double[] a, double[] b) {
        double s = 0;
        for (int i = 0; i < a.length; i++) {
            s += a[i] * b[i];
        }
        return s;
    }

    static Tensor gather(Tensor x, Tensor indices) {
        return x.take(Arrays.stream(indices.data()).mapToInt(i -> (int) i).toArray());
    }

    /** {@code x · wᵀ + bias}; the bias may be null. */
    static Tensor linear(Tensor x, Tensor w, Tensor bias) {
        int in = w.width();
        int out = w.rows();
        double[] y = new double[x.rows() * out];
        for (int i = 0; i < x.rows(); i++) {
            for (int j = 0; j < out; j++) {
                double s = bias == null ? 0 : bias.data()[j];
                for (int k = 0; k < in; k++) {
                    s += x.data()[i * in + k] * w.data()[j * in + k];
                }
                y[i * out + j] = s;
            }
        }
        return new Tensor(y, x.rows(), out);
    }

    static Tensor norm(Tensor x, Tensor w, double epsilon, boolean unitOffset, int groups) {
        double[] out = new double[x.data().length];
        int size = w.rows();
        if (x.width() / groups != size) {
            throw new IllegalArgumentException(groups + " groups");
        }
        for (int start = 0; start < out.length; start += size) {
            double[] part = Arrays.copyOfRange(x.data(), start, start + size);
            double scale = 1 / Math.sqrt(dot(part, part) / size + epsilon);
            for (int i = 0; i < size; i++) {
                out[start + i] = part[i] * scale * (w.data()[i] + (unitOffset ? 1 : 0));
            }
        }
        return new Tensor(out, x.shape());
    }

    /** Over the last dimension. */
    static Tensor layerNorm(Tensor x, Tensor w, Tensor b, double epsilon) {
        double[] out = new double[x.data().length];
        int size = x.width();
        for (int start = 0; start < out.length; start += size) {
            double[] part = Arrays.copyOfRange(x.data(), start, start + size);
            double mean = Arrays.stream(part).sum() / size;
            double[] centred = Arrays.stream(part).map(v -> v - mean).toArray();
            double scale = 1 / Math.sqrt(dot(centred, centred) / size + epsilon);
            for (int i = 0; i < size; i++) {
                out[start + i] = centred[i] * scale * w.data()[i] + b.data()[i];
            }
        }
        return new Tensor(out, x.shape());
    }

    /** Cosines and sines. */
    static Object[] table(RotaryTable kind, Tensor positions, Rows rows) {
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

    static Tensor rotary(Tensor x, Tensor cos, Tensor sin, int heads) {
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

    static Tensor slice(Tensor x, int begin, int end) {
        var out = new ArrayList<double[]>();
        for (int i = 0; i < x.rows(); i++) {
            out.add(Arrays.copyOfRange(x.row(i), begin, end));
        }
        return Tensor.stack(out, end - begin);
    }

    static Tensor softmax(Tensor x) {
        var out = new ArrayList<double[]>();
        for (int i = 0; i < x.rows(); i++) {
            double[] e = Arrays.stream(x.row(i)).map(Math::exp).toArray();
            double sum = Arrays.stream(e).sum();
            out.add(Arrays.stream(e).map(v -> v / sum).toArray());
        }
        return Tensor.stack(out, x.width());
    }

    static Tensor map(Tensor x, Unary kind) {
        return new Tensor(Arrays.stream(x.data()).map(function(kind)).toArray(), x.shape());
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

    /** By its power series; beyond 5 it is 1 to twelve digits, and the series would cancel. */
    private static double erf(double x) {
        if (Math.abs(x) > 5) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; n < 120; n++) {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }

    /** Element by element; b has a's shape, or one value for each row of a, or is one row, or a scalar. */
    static Tensor zip(Tensor a, Tensor b, DoubleBinaryOperator f) {
        double[] out = new double[a.data().length];
        if (b.shape().length == 2 && b.rows() == 1) {
            Arrays.setAll(out, i -> f.applyAsDouble(a.data()[i], b.data()[i % b.width()]));
            return new Tensor(out, a.shape());
        }
        int each = b.shape().length == 0 ? out.length : out.length / Math.max(1, b.data().length);
        for (int i = 0; i < out.length; i++) {
            out[i] = f.applyAsDouble(a.data()[i], b.data()[i / each]);
        }
        return new Tensor(out, a.shape());
    }
}
