// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the graph knows about one rows value: names of I64 tensors, each computed outside all branches when first asked for,
 * and once. B is the number of rows, n the number of tokens.
 */
abstract class RowsLayout {
    final GraphWriter g;
    private final Memo memo = new Memo();
    private final Map<List<Integer>, Padding> paddings = new HashMap<>();
    private final Map<String, Padding> ofWidth = new HashMap<>();

    RowsLayout(GraphWriter g) {
        this.g = g;
    }

    /** The rows of the model's input: every row has a token. */
    static RowsLayout ofInput(GraphWriter g, String lengths, Supplier<String> starts) {
        return new OfInput(g, lengths, starts);
    }

    /** The rows of some of the tokens, given their indices {@code [k]} (ascending); rows may be empty here. */
    RowsLayout subset(String indices) {
        return new Subset(g, this, indices, null);
    }

    /** The same, the indices being given from outside: it is not the tokens' own content that decides. */
    RowsLayout given(String indices) {
        return new Subset(g, this, indices, mayBeEmpty() ? null : () -> all(indices, this));
    }

    /**
     * Those of these tokens that are wanted from outside.
     *
     * @param indices places of them among these
     * @param wanted  indices of what is wanted among all
     */
    RowsLayout wanted(String indices, String wanted, RowsLayout all) {
        return new Subset(g, this, indices, () -> all(wanted, all));
    }

    private String all(String indices, RowsLayout of) {
        return g.op("Equal", g.size(indices, 0), of.tokenCount()).to("all_wanted");
    }

    /** Whether the caller wants all tokens, and so these are all of those; BOOL {@code [1]}. Empty where it is not the caller that decides. */
    abstract Optional<String> wantsAll(RowsLayout those);

    /** The place of each token among those, of which these are a part, {@code [n]}. */
    abstract String placesIn(RowsLayout those);

    /** True if rows, or all of them, may have no token. */
    abstract boolean mayBeEmpty();

    /** B, {@code [1]}. */
    abstract String rowCount();

    /** n, {@code [1]}. */
    abstract String tokenCount();

    /** Tokens of each row, {@code [B]}. */
    abstract String counts();

    /** Row of each token, {@code [n]}. */
    abstract String rowOf();

    /** Index of each token in its sequence, {@code [n]}. */
    abstract String sequenceIndex();

    /** Index of each row's first token, {@code [B]}. */
    String offsets() {
        return once("offsets", () -> g.op("CumSum", counts(), g.i64(0)).with("exclusive", 1).to("row_offsets"));
    }

    /** The most tokens any row has, {@code [1]}. */
    String longest() {
        return once("longest", () -> g.op("ReduceMax", counts()).with("keepdims", 1).to("longest_row"));
    }

    /** Place of each token among the row's tokens here, {@code [n]}. */
    String indexInRow() {
        return once("indexInRow", () -> g.sub(g.range(tokenCount()), g.gather(offsets(), rowOf(), 0)));
    }

    /** Which token is of which row, BOOL {@code [n, B]}. */
    String membership() {
        return once("membership", () -> g.op("Equal", g.unsqueeze(rowOf(), 1), g.range(rowCount())).to("membership"));
    }

    /** How many of the tokens chosen by a BOOL {@code [n]} each row has, {@code [B]}. */
    String countsWhere(String chosen) {
        String member = g.op("And", membership(), g.unsqueeze(chosen, 1)).to("member");
        return g.reduce("ReduceSum", g.cast(member, DataType.INT64), 0);
    }

    /**
     * The tokens laid out in a rectangle {@code [B, width]}, where width is the longest row's length, at least
     * {@code atLeast}, rounded up to a multiple.
     */
    Padding padded(int atLeast, int multiple) {
        return paddings.computeIfAbsent(List.of(atLeast, multiple), key -> {
            String width = longest();
            if (atLeast > 0) {
                width = g.op("Max", width, g.i64s(atLeast)).to("width");
            }
            if (multiple > 1) {
                width = roundUp(g, width, multiple);
            }
            return new Padding(this, width);
        });
    }

    /**
     * The rectangle for an operator that appends to caches: in a first prompt, when no row has a cached token, the width is
     * rounded up to a multiple, elsewhere it is exact.
     */
    Padding paddedPrompt(int multiple) {
        return paddings.computeIfAbsent(List.of(-1, multiple), key -> {
            String width = g.op("Max", longest(), g.i64s(1)).to("width");
            String several = g.op("Greater", width, g.i64s(1)).to("several");
            String first = g.op("And", several, g.op("Equal", latestStart(), g.i64s(0)).to("no_past")).to("first_prompt");
            return new Padding(this, g.where(first, roundUp(g, width, multiple), width));
        });
    }

    /** The largest sequence index of a row's first token in this call, {@code [1]}. */
    abstract String latestStart();

    /** Whether no row of the model's input has more than one token, as in a step of decoding; BOOL {@code [1]}. */
    abstract String isStep();

    /** The tokens laid out in a rectangle of this width {@code [1]}, which no row exceeds. */
    Padding paddedTo(String width) {
        return ofWidth.computeIfAbsent(width, w -> new Padding(this, w));
    }

    /** The smallest multiple that is not less than n. */
    static String roundUp(GraphWriter g, String n, int multiple) {
        return g.mul(g.op("Div", g.add(n, g.i64s(multiple - 1)), g.i64s(multiple)).to("div"), g.i64s(multiple));
    }

    final String once(String key, Supplier<String> compute) {
        return memo.once(key, compute);
    }

    /** The rectangle's index tensors, computed when first asked for. */
    static final class Padding {
        private final RowsLayout rows;
        private final GraphWriter g;
        private final String width;
        private final Memo memo = new Memo();

        private Padding(RowsLayout rows, String width) {
            this.rows = rows;
            this.g = rows.g;
            this.width = width;
        }

        /** The width, {@code [1]}. */
        String width() {
            return width;
        }

        /** {@code [width]}: 0, 1, …. */
        String columns() {
            return memo.once("columns", () -> g.range(width));
        }

        /** The token at each place, {@code [B, width]}; beyond a row's end any token. Of no use when there is no token at all. */
        String tokens() {
            return memo.once("tokens", () -> {
                String place = g.add(g.unsqueeze(rows.offsets(), 1), columns());
                return g.op("Min", place, g.sub(rows.tokenCount(), g.i64s(1))).to("pad_index");
            });
        }

        /** As {@link #tokens}, but beyond the last token the number of tokens: the place of one more that is put behind them. */
        String tokensAndOneMore() {
            return memo.once("tokensAndOneMore",
                    () -> g.op("Min", g.add(g.unsqueeze(rows.offsets(), 1), columns()), rows.tokenCount()).to("pad_index"));
        }

        /** Which places have a token, BOOL {@code [B, width]}. */
        String valid() {
            return memo.once("valid", () -> g.op("Less", columns(), g.unsqueeze(rows.counts(), 1)).to("pad_valid"));
        }

        /** The place of each token in the flattened rectangle, {@code [n]}. */
        String places() {
            return memo.once("places", () -> g.add(g.mul(rows.rowOf(), width), rows.indexInRow()));
        }
    }

    private static final class OfInput extends RowsLayout {
        private final String lengths;
        private final Supplier<String> starts;

        OfInput(GraphWriter g, String lengths, Supplier<String> starts) {
            super(g);
            this.lengths = lengths;
            this.starts = starts;
        }

        @Override
        Optional<String> wantsAll(RowsLayout those) {
            return Optional.empty();
        }

        @Override
        String placesIn(RowsLayout those) {
            throw new IllegalArgumentException("all tokens are no part of others");
        }

        @Override
        boolean mayBeEmpty() {
            return false;
        }

        @Override
        String rowCount() {
            return once("rowCount", () -> g.size(lengths, 0));
        }

        @Override
        String tokenCount() {
            return once("tokenCount", () -> g.op("ReduceSum", lengths).with("keepdims", 1).to("token_count"));
        }

        @Override
        String counts() {
            return lengths;
        }

        @Override
        String rowOf() {
            return once("rowOf", () -> {
                String ends = g.op("CumSum", lengths, g.i64(0)).to("row_ends");
                String past = g.op("GreaterOrEqual", g.unsqueeze(g.range(tokenCount()), 1), ends).to("past_rows");
                return g.reduce("ReduceSum", g.cast(past, DataType.INT64), 1);
            });
        }

        @Override
        String sequenceIndex() {
            return once("sequenceIndex", () -> g.add(g.gather(starts.get(), rowOf(), 0), indexInRow()));
        }

        @Override
        String latestStart() {
            return once("latestStart", () -> g.op("ReduceMax", starts.get()).with("keepdims", 1).to("latest_start"));
        }

        @Override
        String isStep() {
            return once("isStep", () -> g.op("Equal", longest(), g.i64s(1)).to("is_step"));
        }
    }

    private static final class Subset extends RowsLayout {
        private final RowsLayout of;
        private final String indices;
        /** Writes whether all are wanted; null where it is not the caller that decides. */
        private final Supplier<String> all;

        Subset(GraphWriter g, RowsLayout of, String indices, Supplier<String> all) {
            super(g);
            this.of = of;
            this.indices = indices;
            this.all = all;
        }

        @Override
        Optional<String> wantsAll(RowsLayout those) {
            return those == of && all != null ? Optional.of(once("wantsAll", all)) : Optional.empty();
        }

        @Override
        String placesIn(RowsLayout those) {
            return those == of ? indices : g.gather(of.placesIn(those), indices, 0);
        }

        @Override
        boolean mayBeEmpty() {
            return true;
        }

        @Override
        String rowCount() {
            return of.rowCount();
        }

        @Override
        String tokenCount() {
            return once("tokenCount", () -> g.size(indices, 0));
        }

        @Override
        String counts() {
            return once("counts", () -> g.reduce("ReduceSum", g.cast(membership(), DataType.INT64), 0));
        }

        @Override
        String rowOf() {
            return once("rowOf", () -> g.gather(of.rowOf(), indices, 0));
        }

        @Override
        String sequenceIndex() {
            return once("sequenceIndex", () -> g.gather(of.sequenceIndex(), indices, 0));
        }

        @Override
        String latestStart() {
            return of.latestStart();
        }

        @Override
        String isStep() {
            return of.isStep();
        }
    }
}
