// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/**
 * How packed tokens are divided into the rows (sequences) of a batch, {@code rows[tokens]}: the number of tokens of each
 * row, and each token's index in its sequence (prompt position, counted on through decode). A routed layer works on a
 * subset of the tokens; its rows value describes that subset and keeps the original indices.
 */
public record RowsType(Dim tokens) implements Type {
    @Override
    public String toString() {
        return "rows[" + tokens + "]";
    }
}
