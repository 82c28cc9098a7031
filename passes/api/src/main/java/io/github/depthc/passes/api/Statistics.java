// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Numbers that passes report about their work, summed by pass and name, in order of first report. */
public final class Statistics {
    private final Map<Key, Long> amounts = new LinkedHashMap<>();

    /**
     * What was counted.
     *
     * @param pass name of the pass
     * @param name what the number counts, such as {@code nodes merged}
     */
    public record Key(String pass, String name) {
    }

    /** Adds to a number. */
    void add(String pass, String name, long amount) {
        amounts.merge(new Key(pass, name), amount, Statistics::sum);
    }

    /** The sum, or the number nearest to it. */
    private static long sum(long a, long b) {
        try {
            return Math.addExact(a, b);
        } catch (ArithmeticException e) {
            return b < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
        }
    }

    /** All numbers. */
    public Map<Key, Long> all() {
        return Collections.unmodifiableMap(amounts);
    }
}
