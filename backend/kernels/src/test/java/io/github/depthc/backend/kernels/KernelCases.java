// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

/**
 * Every kernel on random inputs of many shapes, compared with plain Java: outputs are poisoned, and what lies around a buffer must stay as it is. The same
 * numbers come each time, so that the CUDA sources on the host and on a GPU are given the same cases.
 */
public enum KernelCases {
    /** Linear scores and softmax scores. */
    SCORES(14, true, RowCases::scores),
    /** Rows by index, and their RMSNorm. */
    GATHER(14, true, RowCases::gatherAndNorm),
    /** Rows of any bytes. */
    GATHER_BYTES(9, false, RowCases::gatherRowsOfAnyBytes),
    /** Rows of tables in integers. */
    GATHER_NBITS(20, true, RowCases::gatherNBits),
    /** Combinations, with and without the next score. */
    COMBINE(14, true, RowCases::combine),
    /** Selections of the largest scores: distinct ones, ties, all equal, NaN and infinities; from none kept to all. */
    SELECT_TOP_K(1000, false, SelectionCases::topK),
    /** All other selections. */
    SELECT_OTHERS(400, false, SelectionCases::others),
    /** Selections of rows that are longer than a block's registers. */
    SELECT_LONG(6, false, SelectionCases::longRows),
    /** One candidate. */
    SELECT_ONE(3, false, SelectionCases::oneCandidate),
    /** Gates. */
    GATES(100, false, SelectionCases::gates),
    /** Caches that a token is appended to, and attention over them. */
    DECODE_ATTENTION(48, true, AttentionCases::decode),
    /** Attention that tokens receive. */
    RECEIVED(15, true, AttentionCases::received),
    /** FP32 rounded to rows. */
    CONVERSIONS(1 << 16, true, ElementCases::conversions),
    /** Tables of angles and places. */
    POSITIONS(9, false, ElementCases::positions);

    /** Numbers that are easily got wrong. */
    static final float[] SPECIAL = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0f, -0f, Float.MIN_VALUE, 1f, -1f};

    private final int count;
    private final boolean rows;
    private final Body body;

    KernelCases(int count, boolean rows, Body body) {
        this.count = count;
        this.rows = rows;
        this.body = body;
    }

    private interface Body {
        int run(KernelRunner runner, Precision precision);
    }

    /** How many cases there are; of conversions, numbers. */
    public int count() {
        return count;
    }

    /** Whether the kernels read or write rows of hidden states; others are the same code in every precision. */
    public boolean rows() {
        return rows;
    }

    /**
     * Runs all of them.
     *
     * @param runner of kernels for rows of this precision
     * @throws AssertionError that says what differs first
     */
    public void run(KernelRunner runner, Precision precision) {
        int run = body.run(runner, precision);
        if (run != count) {
            throw new AssertionError(run + " cases of " + this + " were run, expected " + count);
        }
    }

    /** How far a stored value may be from the exact one: a little over half of the distance of neighbours. */
    static double rounding(Precision precision) {
        return switch (precision) {
            case F32 -> 2e-6;
            case BF16 -> 0.00392;
            case F16 -> 0.00049;
        };
    }
}
