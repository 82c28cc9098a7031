// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels.host;

import static io.github.depthc.backend.kernels.host.Memory.f;
import static io.github.depthc.backend.kernels.host.Memory.i;
import static io.github.depthc.backend.kernels.host.Memory.is;

import io.github.depthc.backend.kernels.GateArguments;
import io.github.depthc.ir.mod.Routing;
import java.lang.foreign.MemorySegment;

/** Scores and gates. */
public final class HostScores {
    private HostScores() {
    }

    /** {@code score[t] = x[t] · w + b}; bias null for none. */
    public static void linear(MemorySegment x, int n, int d, MemorySegment w, MemorySegment bias, MemorySegment score) {
        float b = bias == null ? 0 : f(bias, 0);
        for (int t = 0; t < n; t++) {
            f(score, t, (float) Memory.dot(x, (long) t * d, w, 0, d) + b);
        }
    }

    /** {@code score[t] = softmax(w · x[t])[1]}; x is the normed input, w {@code [2, d]}. */
    public static void softmax2(MemorySegment x, int n, int d, MemorySegment w, MemorySegment score) {
        for (int t = 0; t < n; t++) {
            double skip = Memory.dot(x, (long) t * d, w, 0, d);
            double keep = Memory.dot(x, (long) t * d, w, d, d);
            f(score, t, (float) (1 / (1 + Math.exp(skip - keep))));
        }
    }

    /** The gate of each token, one where it is no candidate; score is not read for a gate of one. */
    public static void gate(Routing.Gate gate, MemorySegment score, MemorySegment candidates, MemorySegment rowOffsets, int rows, MemorySegment out) {
        GateArguments a = GateArguments.of(gate);
        for (int row = 0; row < rows; row++) {
            int begin = i(rowOffsets, row);
            int end = i(rowOffsets, row + 1);
            double most = Double.NEGATIVE_INFINITY;
            double total = 0;
            if (gate instanceof Routing.Gate.Softmax) {
                for (int t = begin; t < end; t++) {
                    most = is(candidates, t) ? Math.max(most, f(score, t)) : most;
                }
                for (int t = begin; t < end; t++) {
                    total += is(candidates, t) ? Math.exp(f(score, t) - most) : 0;
                }
            }
            for (int t = begin; t < end; t++) {
                f(out, t, !is(candidates, t) ? 1 : switch (gate) {
                    case Routing.Gate.One g -> 1;
                    case Routing.Gate.Tanh g -> a.alpha() * (float) Math.tanh(f(score, t)) + a.beta();
                    case Routing.Gate.Sigmoid g -> a.alpha() * (float) (1 / (1 + Math.exp(-f(score, t)))) + a.beta();
                    case Routing.Gate.Softmax g -> a.alpha() * (float) (Math.exp(f(score, t) - most) / total) + a.beta();
                    case Routing.Gate.Probability g -> f(score, t);
                });
            }
        }
    }
}
