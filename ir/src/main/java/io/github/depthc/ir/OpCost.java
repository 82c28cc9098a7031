// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.function.ToDoubleFunction;

/**
 * What running a node once costs, at 2 FLOPs for each multiply-accumulate. Norms, activations and additions are left out, as
 * they are in the published tables ({@code mod-semantics}, cost model).
 *
 * @param linear     FLOPs of products with weights
 * @param attention  FLOPs of products of tokens with tokens: {@code q · k} and {@code p · v}
 * @param cacheBytes bytes of keys and values added to caches, F32
 */
public record OpCost(double linear, double attention, double cacheBytes) {
    /** Nothing worth counting. */
    public static final OpCost NONE = new OpCost(0, 0, 0);

    /** {@code x · wᵀ}: x {@code [n, in]}, w {@code [out, in]}. */
    public static OpCost product(TensorType x, TensorType w, Sizes sizes) {
        return new OpCost(2 * sizes.of(x) * sizes.of(w) / x.lastSize(), 0, 0);
    }

    /** FLOPs of all products. */
    public double flops() {
        return linear + attention;
    }

    /** Both. */
    public OpCost plus(OpCost other) {
        return new OpCost(linear + other.linear, attention + other.attention, cacheBytes + other.cacheBytes);
    }

    /** Sizes of dimensions in the case that is costed. */
    @FunctionalInterface
    public interface Sizes extends ToDoubleFunction<Dim> {
        /** Number of elements of a tensor. */
        default double of(TensorType type) {
            double n = 1;
            for (Dim d : type.shape()) {
                n *= applyAsDouble(d);
            }
            return n;
        }
    }
}
