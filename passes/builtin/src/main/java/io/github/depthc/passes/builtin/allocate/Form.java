// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.mod.Routing;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * How tokens skip.
 *
 * @param part what of the layer they skip
 * @param kv   what becomes of their keys and values, which are kept where they skip the MLP alone
 */
record Form(Routing.Part part, Routing.SkippedKv kv) {
    /** All that there are of these parts and these ways with keys and values, each once. */
    static List<Form> of(List<Routing.Part> parts, List<Routing.SkippedKv> kvs) {
        return parts.stream().flatMap(p -> p == Routing.Part.MLP ? Stream.of(new Form(p, Routing.SkippedKv.KEEP)) : kvs.stream().map(kv -> new Form(p, kv))).distinct().toList();
    }

    /** True of one that leaves no other choice about keys and values, or this one. */
    boolean goesWith(Routing.SkippedKv other) {
        return part == Routing.Part.MLP || kv == other;
    }

    /** A short name; that of a whole layer is what becomes of the keys and values alone. */
    String key() {
        String name = kv.name().toLowerCase(Locale.ROOT);
        return part == Routing.Part.LAYER ? name : part.name().toLowerCase(Locale.ROOT) + "-" + name;
    }
}
