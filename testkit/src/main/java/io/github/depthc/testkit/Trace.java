// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What a run gave, in the order in which it came. */
final class Trace {
    private final List<Item> items;

    Trace(List<Item> items) {
        this.items = List.copyOf(items);
    }

    /** One thing that two runs can be compared in. */
    sealed interface Item {
        String what();
    }

    /**
     * Numbers that agree within a tolerance.
     *
     * @param unit    what its rows are called
     * @param element what the numbers of a row are called
     * @param width   numbers in a row
     */
    record Numbers(String what, String unit, String element, int width, float[] values) implements Item {
    }

    /** Numbers that are equal. */
    record Exact(String what, long[] values) implements Item {
    }

    /** Which tokens were kept. */
    record Kept(String what, long[] values) implements Item {
    }

    /** Where another run first differs from this one, as a sentence; empty when it agrees. */
    Optional<String> difference(Trace other, double tolerance) {
        if (items.size() != other.items.size()) {
            return Optional.of(other.items.size() + " results, expected " + items.size());
        }
        for (int i = 0; i < items.size(); i++) {
            Optional<String> found = switch (items.get(i)) {
                case Exact e -> exact(e.what(), e.values(), other.items.get(i), other.items.get(i) instanceof Exact a ? a.values() : null);
                case Kept k -> exact(k.what(), k.values(), other.items.get(i), other.items.get(i) instanceof Kept a ? a.values() : null);
                case Numbers n -> numbers(n, other.items.get(i), tolerance);
            };
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    private static Optional<String> exact(String what, long[] expected, Item other, long[] actual) {
        if (actual == null || !other.what().equals(what)) {
            return Optional.of(other.what() + " where " + what + " was expected");
        }
        return Arrays.equals(expected, actual) ? Optional.empty()
                : Optional.of(what + ": " + Arrays.toString(actual) + ", expected " + Arrays.toString(expected));
    }

    private static Optional<String> numbers(Numbers expected, Item other, double tolerance) {
        if (!(other instanceof Numbers actual) || !actual.what().equals(expected.what())) {
            return Optional.of(other.what() + " where " + expected.what() + " was expected");
        }
        float[] e = expected.values();
        float[] a = actual.values();
        if (e.length != a.length) {
            return Optional.of(expected.what() + ": " + a.length + " numbers, expected " + e.length);
        }
        int first = -1;
        int many = 0;
        double largest = 0;
        for (int i = 0; i < e.length; i++) {
            // of equal infinities the difference is NaN
            double d = Float.compare(e[i], a[i]) == 0 ? 0 : Math.abs((double) e[i] - a[i]);
            if (!(d <= tolerance)) {
                first = first < 0 ? i : first;
                many++;
                largest = Double.isNaN(d) ? d : Math.max(largest, d);
            }
        }
        return first < 0 ? Optional.empty() : Optional.of(expected.what() + ", " + expected.unit() + " " + first / expected.width() + ", "
                + expected.element() + " " + first % expected.width() + " is " + a[first] + ", expected " + e[first] + " within " + tolerance + "; "
                + many + " of " + e.length + " are further off, the largest difference is " + largest);
    }

    /** The largest difference of numbers from those of another run of the same. */
    double distance(Trace other) {
        double most = 0;
        for (int i = 0; i < items.size(); i++) {
            if (items.get(i) instanceof Numbers a && other.items.get(i) instanceof Numbers b) {
                for (int j = 0; j < a.values().length; j++) {
                    double d = Math.abs((double) a.values()[j] - b.values()[j]);
                    // NaN is the farthest
                    most = d <= most ? most : Double.isNaN(d) ? Double.POSITIVE_INFINITY : d;
                }
            }
        }
        return most;
    }

    /** True if some number is infinite or not a number, so that comparing would show little. */
    boolean overflows() {
        return items.stream().anyMatch(i -> i instanceof Numbers n && !allFinite(n.values()));
    }

    private static boolean allFinite(float[] values) {
        for (float v : values) {
            if (!Float.isFinite(v)) {
                return false;
            }
        }
        return true;
    }
}
