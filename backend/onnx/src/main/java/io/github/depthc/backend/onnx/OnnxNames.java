// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

/** Names of the emitted graph's inputs and outputs beside those of {@link io.github.depthc.ir.GraphNames}. */
public final class OnnxNames {
    /** I64 {@code [layers, rows]}: filled length of every layer's cache for every row. */
    public static final String CACHE_LENGTHS = "cache_lengths";
    /** I64 {@code [layers, rows]}: the same after this call. */
    public static final String PRESENT_LENGTHS = "present_lengths";

    private OnnxNames() {
    }

    /** Input: keys of a layer's cache, F32 {@code [rows, kvHeads, capacity.N, headDim]}. */
    public static String pastKey(int layer) {
        return "past_key_values." + layer + ".key";
    }

    /** Input: values of a layer's cache, shaped as the keys. */
    public static String pastValue(int layer) {
        return "past_key_values." + layer + ".value";
    }

    /** Input: sequence index of each entry of an indexed cache, I64 {@code [rows, capacity.N]}. */
    public static String pastIndex(int layer) {
        return "past_key_values." + layer + ".index";
    }

    /** Output in mode {@link CacheMode#IN_PLACE}: the buffer of {@link #pastKey}. */
    public static String presentKey(int layer) {
        return "present." + layer + ".key";
    }

    /** Output in mode {@link CacheMode#IN_PLACE}: the buffer of {@link #pastValue}. */
    public static String presentValue(int layer) {
        return "present." + layer + ".value";
    }

    /** Output of a {@link SingleGraph}: sequence index of each entry of an indexed cache, I64 {@code [length]}. */
    public static String presentIndex(int layer) {
        return "present." + layer + ".index";
    }

    /** Output in mode {@link CacheMode#APPEND}: keys of the new entries, F32 {@code [m, kvHeads · headDim]}. */
    public static String newKey(int layer) {
        return "new." + layer + ".key";
    }

    /** Output in mode {@link CacheMode#APPEND}: values of the new entries, shaped as the keys. */
    public static String newValue(int layer) {
        return "new." + layer + ".value";
    }

    /** Output of an indexed cache: sequence index of each new entry, I64 {@code [m]}. */
    public static String newIndex(int layer) {
        return "new." + layer + ".index";
    }

    /** Output where it is asked for: packed indices of the tokens that a routed layer kept, I64 {@code [k]}. */
    public static String kept(int layer) {
        return "kept." + layer;
    }

    /** Output of a graph that is not a decoder: its yields, numbered from 0. */
    public static String output(int index) {
        return "out." + index;
    }
}
