// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.HostTensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** What a model answers, and how far two answers are from each other: 0 of equal ones. */
public enum Answer {
    /** A decoder's probabilities of the next token, at the prompt's last token and along the continuation: KL(dense ‖ converted), in nats. */
    NEXT_TOKEN("KL", "KL(dense ‖ converted)", "nats", "mean KL(dense ‖ converted) of the next token", "kl"),
    /** An encoder's vector of a text, the mean of its tokens' hidden states: 1 − cosine of the converted vector and the dense one. */
    VECTOR("1 − cosine", "1 − cosine(dense, converted)", "", "mean of 1 − cosine(dense, converted) of the texts' vectors", "cosine_distance");

    private final String brief;
    private final String distance;
    private final String unit;
    private final String mean;
    private final String key;

    Answer(String brief, String distance, String unit, String mean, String key) {
        this.brief = brief;
        this.distance = distance;
        this.unit = unit;
        this.mean = mean;
        this.key = key;
    }

    /** What a model answers. */
    static Answer of(Model model) {
        return model.encoder() ? VECTOR : NEXT_TOKEN;
    }

    /** The distance's name. */
    public String brief() {
        return brief;
    }

    /** The distance, with what it is of. */
    public String distance() {
        return distance;
    }

    /** The same with its unit, as an axis has it. */
    public String distanceAndUnit() {
        return unit.isEmpty() ? distance : distance + ", " + unit;
    }

    /** The mean of distances, in words. */
    public String mean() {
        return mean;
    }

    /** A number with its unit. */
    public String withUnit(String number) {
        return unit.isEmpty() ? number : number + " " + unit;
    }

    /** The distance's name in JSON. */
    public String key() {
        return key;
    }

    /** The mean of hidden states {@code f32[tokens, d]}, as {@code f32[1, d]}. */
    static HostTensor vector(HostTensor hidden) {
        int width = (int) hidden.shape()[1];
        float[] all = hidden.floats();
        float[] mean = new float[width];
        for (int i = 0; i < width; i++) {
            double sum = 0;
            for (int at = i; at < all.length; at += width) {
                sum += all[at];
            }
            mean[i] = (float) (sum * width / all.length);
        }
        HostTensor out = HostTensor.zeros(hidden.dtype(), 1, width);
        MemorySegment.copy(mean, 0, out.data(), ValueLayout.JAVA_FLOAT, 0, width);
        return out;
    }

    /** 1 − cosine of two vectors; exactly 0 of equal ones. */
    static double apart(HostTensor a, HostTensor b) {
        float[] x = a.floats();
        float[] y = b.floats();
        if (Arrays.equals(x, y)) {
            return 0;
        }
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = 0; i < x.length; i++) {
            xx += (double) x[i] * x[i];
            yy += (double) y[i] * y[i];
            xy += (double) x[i] * y[i];
        }
        return 1 - xy / Math.sqrt(xx * yy);
    }
}
