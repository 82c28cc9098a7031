// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Checks the weights in a file while its bytes pass by, from the first to the last; used once. */
final class FiniteRanges {
    /**
     * A weight in a file.
     *
     * @param begin its first byte
     * @param bytes its length
     * @param type  its elements' type, floating point
     */
    record Range(long begin, long bytes, DType type, WeightExpr weight) {
        long end() {
            return begin + bytes;
        }
    }

    private final List<Range> ranges = new ArrayList<>();
    private final WeightStore store;
    private final FiniteScan scan = new FiniteScan();
    private int next;

    /**
     * @param weights in any order; one that lies in another is the same elements
     * @param store   where the weights' sources are, for the message
     */
    FiniteRanges(List<Range> weights, WeightStore store) {
        this.store = store;
        long end = 0;
        for (Range r : weights.stream().sorted(Comparator.comparingLong(Range::begin)).toList()) {
            if (r.end() > end) {
                long begin = Math.max(r.begin(), end);
                ranges.add(new Range(begin, r.end() - begin, r.type(), r.weight()));
                end = r.end();
            }
        }
    }

    /**
     * The bytes that begin at {@code at} in the file, where those of the call before ended.
     *
     * @throws io.github.depthc.ir.InputException naming the tensor that has a NaN or an infinity
     */
    void pass(long at, MemorySegment bytes) {
        long end = at + bytes.byteSize();
        for (; next < ranges.size() && ranges.get(next).begin() < end; next++) {
            Range r = ranges.get(next);
            if (r.begin() >= at) {
                scan.begin(r.type());
            }
            long from = Math.max(r.begin(), at);
            boolean finite = scan.add(bytes, from - at, Math.min(r.end(), end) - from);
            if (finite && r.end() > end) {
                return;
            }
            if (!finite || !scan.end()) {
                throw FiniteWeights.refused(r.weight(), store);
            }
        }
    }
}
