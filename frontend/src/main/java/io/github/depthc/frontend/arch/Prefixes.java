// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * How a part of a checkpoint is named: prefixes that a builder asks for, and those that the file has in their place. No two of either
 * begin one another.
 */
public record Prefixes(List<Prefix> all) {
    /**
     * One of them.
     *
     * @param asked  what a builder asks for
     * @param stored what the file has
     */
    public record Prefix(String asked, String stored) {
    }

    public Prefixes {
        all = List.copyOf(all);
    }

    /** One prefix for another. */
    public static Prefixes of(String asked, String stored) {
        return new Prefixes(List.of(new Prefix(asked, stored)));
    }

    /** This and one more. */
    public Prefixes and(String asked, String stored) {
        var more = new ArrayList<>(all);
        more.add(new Prefix(asked, stored));
        return new Prefixes(more);
    }

    /** The name in the file; the name itself where no prefix fits. */
    String stored(String asked) {
        return replaced(asked, all).orElse(asked);
    }

    /** The name that a builder asks for; empty for a tensor of another part. */
    Optional<String> asked(String stored) {
        return replaced(stored, all.stream().map(p -> new Prefix(p.stored, p.asked)).toList());
    }

    private static Optional<String> replaced(String name, List<Prefix> prefixes) {
        return prefixes.stream().map(p -> name.startsWith(p.asked) ? p.stored + name.substring(p.asked.length()) : null).filter(Objects::nonNull)
                .findFirst();
    }
}
