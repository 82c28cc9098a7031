// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.pmod;

import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.mod.Routing;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code mod_weight_norm}: {@code NAME} or {@code NAME_ALPHA_BETA}, the gate being {@code alpha · NAME(score) + beta}; a bare
 * name means one for both ({@code ModLayer} in {@code pmod_llava_llama.py}).
 *
 * @param norm  {@code tanh}, {@code sigmoid}, {@code softmax} or {@code none}
 * @param alpha factor, not negative
 * @param beta  offset
 */
record PmodGate(String norm, double alpha, double beta) {
    static final String KEY = "mod_weight_norm";
    private static final Pattern FORM = Pattern.compile("(tanh|sigmoid|softmax|none)(?:_(\\d+(?:\\.\\d+)?)_(-?\\d+(?:\\.\\d+)?))?");

    static PmodGate of(JsonObject config) {
        Matcher m = FORM.matcher(config.requireString(KEY));
        if (!m.matches() || m.group().length() > 60) {
            throw config.error(KEY, "tanh, sigmoid, softmax or none, alone or with two numbers as in tanh_0.2_1");
        }
        return m.group(2) == null ? new PmodGate(m.group(1), 1, 1)
                : new PmodGate(m.group(1), Double.parseDouble(m.group(2)), Double.parseDouble(m.group(3)));
    }

    /** The published recipe's: one at a score of zero. */
    static final PmodGate PUBLISHED = new PmodGate("tanh", 0.2, 1);

    /** What says this gate; empty where nothing does. */
    static Optional<PmodGate> of(Routing.Gate gate) {
        return switch (gate) {
            case Routing.Gate.Tanh(double alpha, double beta) -> Optional.of(new PmodGate("tanh", alpha, beta));
            case Routing.Gate.Sigmoid(double alpha, double beta) -> Optional.of(new PmodGate("sigmoid", alpha, beta));
            case Routing.Gate.Softmax(double alpha, double beta) -> Optional.of(new PmodGate("softmax", alpha, beta));
            case Routing.Gate.One g -> Optional.empty();
            case Routing.Gate.Probability g -> Optional.empty();
        };
    }

    /** The value of {@code mod_weight_norm}. */
    String text() {
        return norm + "_" + number(alpha) + "_" + number(beta);
    }

    private static String number(double value) {
        BigDecimal shortest = BigDecimal.valueOf(value).stripTrailingZeros();
        return shortest.setScale(Math.max(0, shortest.scale())).toPlainString();
    }

    /** True if the gate is the score but for factor and offset, which then go into the router's weights. */
    boolean isAffine() {
        return norm.equals("none");
    }

    /** The gate in the graph. */
    Routing.Gate gate() {
        return switch (norm) {
            case "tanh" -> new Routing.Gate.Tanh(alpha, beta);
            case "sigmoid" -> new Routing.Gate.Sigmoid(alpha, beta);
            case "softmax" -> new Routing.Gate.Softmax(alpha, beta);
            default -> new Routing.Gate.Probability();
        };
    }
}
