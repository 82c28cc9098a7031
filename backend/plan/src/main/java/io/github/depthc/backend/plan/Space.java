// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import java.util.Map;
import java.util.TreeMap;

/** Offsets in one stretch of memory: the first gap that is large enough, and what is given back joins its neighbours. */
final class Space {
    /** What device libraries ask of a tensor's address. */
    private static final long ALIGNMENT = 256;

    private final TreeMap<Long, Long> gaps = new TreeMap<>();
    private long end;

    /** Takes so many bytes; gives their offset. */
    long take(long bytes) {
        long size = aligned(bytes);
        for (Map.Entry<Long, Long> gap : gaps.entrySet()) {
            if (gap.getValue() >= size) {
                long offset = gap.getKey();
                long left = gap.getValue() - size;
                gaps.remove(offset);
                if (left > 0) {
                    gaps.put(offset + size, left);
                }
                return offset;
            }
        }
        Map.Entry<Long, Long> last = gaps.lastEntry();
        if (last != null && last.getKey() + last.getValue() == end) {
            gaps.remove(last.getKey());
            end = last.getKey() + size;
            return last.getKey();
        }
        long offset = end;
        end += size;
        return offset;
    }

    /** Gives bytes back that were taken. */
    void give(long offset, long bytes) {
        long from = offset;
        long size = aligned(bytes);
        Map.Entry<Long, Long> before = gaps.lowerEntry(from);
        if (before != null && before.getKey() + before.getValue() == from) {
            gaps.remove(before.getKey());
            from = before.getKey();
            size += before.getValue();
        }
        Long after = gaps.remove(from + size);
        gaps.put(from, size + (after == null ? 0 : after));
    }

    /** How many bytes it takes in all. */
    long size() {
        return end;
    }

    private static long aligned(long bytes) {
        return Math.max(1, (bytes + ALIGNMENT - 1) / ALIGNMENT) * ALIGNMENT;
    }
}
