// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import java.util.Optional;
import java.util.function.Supplier;

/** The tokens of one row, of which there is at least one; what {@link RowsLayout} asks needs no sums over rows then. */
final class OneRow extends RowsLayout {
    private final String count;
    private final Supplier<String> index;

    /**
     * @param count how many tokens, I64 {@code [1]}
     * @param index each token's index in the sequence, I64 {@code [n]}
     */
    OneRow(GraphWriter g, String count, Supplier<String> index) {
        super(g);
        this.count = count;
        this.index = index;
    }

    @Override
    RowsLayout subset(String indices) {
        return new OneRow(g, g.size(indices, 0), () -> g.gather(sequenceIndex(), indices, 0));
    }

    @Override
    RowsLayout given(String indices) {
        return subset(indices);
    }

    @Override
    Optional<String> wantsAll(RowsLayout those) {
        return Optional.empty();
    }

    @Override
    String placesIn(RowsLayout those) {
        return g.sub(sequenceIndex(), those.latestStart());
    }

    @Override
    boolean mayBeEmpty() {
        return false;
    }

    @Override
    String rowCount() {
        return g.i64s(1);
    }

    @Override
    String tokenCount() {
        return count;
    }

    @Override
    String counts() {
        return count;
    }

    @Override
    String rowOf() {
        return once("rowOf", () -> g.op("Expand", g.i64(0), count).to("row_of"));
    }

    @Override
    String sequenceIndex() {
        return once("sequenceIndex", index);
    }

    @Override
    String offsets() {
        return g.i64s(0);
    }

    @Override
    String longest() {
        return count;
    }

    @Override
    String indexInRow() {
        return once("indexInRow", () -> g.range(count));
    }

    @Override
    String latestStart() {
        return once("latestStart", () -> g.gather(sequenceIndex(), g.i64s(0), 0));
    }

    @Override
    String isStep() {
        return once("isStep", () -> g.op("Equal", count, g.i64s(1)).to("is_step"));
    }
}
