// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.EmbeddingNBits;
import io.github.depthc.ir.weight.WeightExpr;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalLong;

/**
 * What runs the steps of a plan: memory, segments and kernels. Every call but {@link #download} only starts the work; it is done in the order
 * of the calls. Indices, positions and lengths are I32 here, flags U8 (0 or 1), scores and gates F32, and hidden states of
 * {@link #rowType}. Nothing checks shapes a second time: the caller owes them.
 *
 * <p>Used by one thread at a time. A failure is an {@link java.io.UncheckedIOException} that carries the library's call, code and text.
 */
public interface Device extends AutoCloseable {
    /** What it is, for messages: {@code NVIDIA H200}, {@code CPU}. */
    String name();

    /** Element type of hidden states, keys and values. */
    DType rowType();

    /** What its segments were made for at most. */
    EngineLimits limits();

    /** Bytes of its memory that are free now; empty where that is the machine's own. */
    OptionalLong freeBytes();

    /** Memory; where there is not enough, the failure says how much was asked for and how much is free. */
    DeviceMemory allocate(long bytes);

    /** A weight of the model as a matrix of this type, all but its first dimension in a row, loaded once and freed with the device. */
    DeviceTensor weight(WeightExpr weight, DType as);

    /** Copies from this process. The source must stay as it is until the next {@link #download} has returned. */
    void upload(MemorySegment from, DeviceTensor to);

    /** Copies to this process and waits for it. */
    void download(DeviceTensor from, MemorySegment to);

    /** Copies {@code bytes} bytes within the device. */
    void copy(long from, long to, long bytes);

    /** Sets all elements of an F32 vector. */
    void fill(DeviceTensor f32, float value);

    /** Of a row type other than F32: converts F32 elements. */
    void narrow(DeviceTensor f32, DeviceTensor rows);

    /**
     * Records what {@code work} starts, none of it having to wait, and runs it; the result runs it again. A device may call {@code work} twice for
     * that, and compute once. Shapes and addresses are those of
     * now, contents those of each run.
     */
    Runnable record(Runnable work);

    /** Runs a segment; at least one row. Inputs and outputs are in the order of its operands and results. */
    void segment(int index, List<DeviceTensor> inputs, List<DeviceTensor> outputs);

    /**
     * Cosines and sines: {@code cos(position · inverse[i]) · factor}, F32 {@code [n, inverse.length]}.
     *
     * @param longInverse inverse frequencies of positions from {@code longFrom} on; the same array where there are no others
     */
    void rotaryTable(DeviceTensor positions, float[] inverse, float[] longInverse, long longFrom, float factor, DeviceTensor cos, DeviceTensor sin);

    /**
     * Attention of a prompt, which is one row.
     *
     * @param queryIndex sequence index of each query, ascending; null where queries and keys are the same tokens and there is no window
     * @param keyIndex   sequence index of each key, ascending; null with the other
     */
    void attention(Attention kind, DeviceTensor q, DeviceTensor k, DeviceTensor v, DeviceTensor queryIndex, DeviceTensor keyIndex, DeviceTensor out);

    /** Appends a key and a value to the cache of each row, and makes it one longer; where {@code keep} is given, of the rows it names alone. */
    void append(LayerCaches caches, DeviceTensor k, DeviceTensor v, DeviceTensor sequenceIndex, DeviceTensor keep);

    /** Attention of one new token for each row to that row's cache, in which it is already. */
    void attend(Attention kind, LayerCaches caches, DeviceTensor q, DeviceTensor sequenceIndex, DeviceTensor out);

    /** The attention that each token of a prompt gets; one row. */
    void attentionReceived(AttentionReceived kind, DeviceTensor q, DeviceTensor k, DeviceTensor score);

    /** A router's scores; {@code weights} are those of the kind, F32. */
    void score(ModScore kind, DeviceTensor x, List<DeviceTensor> weights, DeviceTensor score);

    /** Gates of all tokens: one where a token is no candidate. */
    void gate(Routing.Gate kind, Rows rows, DeviceTensor score, DeviceTensor candidates, DeviceTensor gate);

    /**
     * Which tokens are kept.
     *
     * @param key     what the rule ranks or compares, or null where it needs none
     * @param mask    set to 1 for the kept tokens and 0 for the others
     * @param rowKept set to the number of kept tokens of each row
     */
    void select(Routing.Selection rule, int layer, Rows rows, DeviceTensor candidates, DeviceTensor key, DeviceTensor mask, DeviceTensor rowKept);

    /**
     * The kept tokens by index.
     *
     * @param indices     set to the kept tokens' indices, ascending
     * @param keptOffsets set to the first of each row among them, and their number
     * @param inverse     set to each token's place among the kept ones, or −1
     */
    void compact(Rows rows, DeviceTensor mask, DeviceTensor rowKept, DeviceTensor indices, DeviceTensor keptOffsets, DeviceTensor inverse);

    /** Where all tokens were computed: sets {@code inverse} to the token's own index where it is kept, or −1. */
    void keepInPlace(DeviceTensor mask, DeviceTensor inverse);

    /**
     * Rows by index of a table in integers.
     *
     * @param codes  two's complement, I8 {@code [n, d · bits / 8]}; two of 4 bits in a byte, the first in its lower half
     * @param scales in {@link #rowType} {@code [n, d / block]}
     * @param out    {@code [k, d]}
     */
    void gatherNBits(EmbeddingNBits kind, DeviceTensor codes, DeviceTensor scales, DeviceTensor indices, DeviceTensor out);

    /** Rows by index. */
    void gather(DeviceTensor x, DeviceTensor indices, DeviceTensor out);

    /**
     * Puts the kept tokens back: {@code out} is {@code kept[inverse]}, or x (times {@code skipGate}, where it is given) for those that were skipped.
     * {@code out} may be {@code x}.
     */
    void combine(DeviceTensor x, DeviceTensor inverse, DeviceTensor kept, DeviceTensor skipGate, DeviceTensor out);

    /** {@link #combine}, and the linear score of the result, in one pass. */
    void combineScore(DeviceTensor x, DeviceTensor inverse, DeviceTensor kept, DeviceTensor skipGate, DeviceTensor out, List<DeviceTensor> weights,
            DeviceTensor score);

    @Override
    void close();

    /**
     * How packed tokens are divided into rows.
     *
     * @param offsets       I32 {@code [rows + 1]}: the first token of each row, and the number of tokens
     * @param sequenceIndex I32 {@code [n]}: index of each token in its sequence
     */
    record Rows(DeviceTensor offsets, DeviceTensor sequenceIndex) {
        /** How many rows. */
        public int count() {
            return offsets.rows() - 1;
        }

        /** How many tokens. */
        public int tokens() {
            return sequenceIndex.rows();
        }
    }
}
