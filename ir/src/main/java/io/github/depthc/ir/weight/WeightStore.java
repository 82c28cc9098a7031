// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where stored weights' bytes are. Implementations map files and never read a whole one.
 */
public interface WeightStore {
    /** A store of nothing: for models built from a configuration alone. */
    WeightStore EMPTY = new WeightStore() {
        @Override
        public Extent find(WeightExpr.Stored weight) {
            throw new io.github.depthc.ir.InputException("the weight @" + weight.source() + ":\"" + weight.name()
                    + "\" has no bytes here: no checkpoint was given");
        }
    };

    /**
     * A tensor's place.
     *
     * @param file   the file; empty for a tensor that is in none, but computed
     * @param offset first byte in the file
     * @param bytes  the bytes, mapped if they are a file's, read-only, little-endian, row-major
     */
    record Extent(Optional<Path> file, long offset, MemorySegment bytes) {
        /** A place in a file. */
        public Extent(Path file, long offset, MemorySegment bytes) {
            this(Optional.of(file), offset, bytes);
        }

        /** Bytes that are in no file. */
        public Extent(MemorySegment bytes) {
            this(Optional.empty(), 0, bytes);
        }

        /** Where that is, for a message. */
        public String where() {
            return file.map(Path::toString).orElse("computed weights");
        }
    }

    /** The place of a stored weight; {@link io.github.depthc.ir.InputException} when this store does not have it. */
    Extent find(WeightExpr.Stored weight);

    /** A store that asks the given ones by source name, such as {@code checkpoint} and {@code routers}. */
    static WeightStore bySource(java.util.Map<String, WeightStore> stores) {
        var copy = java.util.Map.copyOf(stores);
        return weight -> {
            WeightStore store = copy.get(weight.source());
            if (store == null) {
                throw new io.github.depthc.ir.InputException("the weight @" + weight.source() + ":\"" + weight.name()
                        + "\" is of an unknown source; known: " + copy.keySet().stream().sorted().toList());
            }
            return store.find(weight);
        };
    }

    /** All names in a list of weights' leaves that are stored, depth first. */
    static List<WeightExpr.Stored> leaves(WeightExpr weight) {
        return switch (weight) {
            case WeightExpr.Stored s -> List.of(s);
            case WeightExpr.Inline i -> List.of();
            case WeightExpr.Slice v -> leaves(v.of());
            case WeightExpr.Concat v -> v.parts().stream().flatMap(p -> leaves(p).stream()).toList();
            case WeightExpr.Transpose v -> leaves(v.of());
            case WeightExpr.Reshape v -> leaves(v.of());
            case WeightExpr.Cast v -> leaves(v.of());
            case WeightExpr.Quantized v -> leaves(v.of());
        };
    }
}
