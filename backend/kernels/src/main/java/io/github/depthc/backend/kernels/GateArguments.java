// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import io.github.depthc.ir.mod.Routing;

/** A gate as {@link Kernel#GATE} takes it: the first three arguments. */
public record GateArguments(int kind, float alpha, float beta) {
    /** Those of a gate. */
    public static GateArguments of(Routing.Gate gate) {
        return switch (gate) {
            case Routing.Gate.One g -> new GateArguments(0, 0, 1);
            case Routing.Gate.Tanh(double alpha, double beta) -> new GateArguments(1, (float) alpha, (float) beta);
            case Routing.Gate.Sigmoid(double alpha, double beta) -> new GateArguments(2, (float) alpha, (float) beta);
            case Routing.Gate.Softmax(double alpha, double beta) -> new GateArguments(3, (float) alpha, (float) beta);
            case Routing.Gate.Probability g -> new GateArguments(4, 1, 0);
        };
    }
}
