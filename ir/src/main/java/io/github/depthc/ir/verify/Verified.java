// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.verify;

import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Set;

/** What was found to be right and cannot change: regions, and op kinds as records of attributes. */
final class Verified {
    private final Set<Region> regions = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<OpKind> kinds = new HashSet<>();

    boolean has(Region region) {
        return regions.contains(region);
    }

    boolean has(OpKind kind) {
        return kinds.contains(kind);
    }

    void add(Region region) {
        regions.add(region);
    }

    void add(OpKind kind) {
        kinds.add(kind);
    }
}
