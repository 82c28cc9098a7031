// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.checkpoint;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.util.List;

/** One tensor that is stored under several names, because several parts of a model share it. */
public final class EqualCopies {
    private EqualCopies() {
    }

    /**
     * The first of the copies, at least one; {@link InputException} names two that are not equal byte for byte.
     *
     * @param expected why they should be, for the message
     */
    public static WeightExpr.Stored first(List<WeightExpr.Stored> copies, WeightStore store, String expected) {
        WeightExpr.Stored first = copies.getFirst();
        WeightStore.Extent one = store.find(first);
        for (WeightExpr.Stored copy : copies.subList(1, copies.size())) {
            WeightStore.Extent other = store.find(copy);
            if (!copy.type().equals(first.type()) || one.bytes().mismatch(other.bytes()) >= 0) {
                throw new InputException(one.where() + ": tensor \"" + first.name() + "\" " + first.type() + " and tensor \"" + copy.name() + "\" "
                        + copy.type() + (other.file().equals(one.file()) ? "" : " of " + other.where())
                        + " differ, expected " + expected);
            }
        }
        return first;
    }
}
