// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.pytorch;

import io.github.depthc.ir.DType;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;

/** A value of a pickle: plain data, and descriptions of tensors. A value may hold itself: none is compared or printed as a whole. */
sealed interface Pickled {
    /** What it is, for a message. */
    String kind();

    /** {@code None}, a truth value or a float: whatever it is, no tensor needs it. */
    enum Other implements Pickled {
        NONE, BOOLEAN, FLOAT;

        @Override
        public String kind() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A string. */
    record Text(String text) implements Pickled {
        @Override
        public String kind() {
            return "a string";
        }
    }

    /** An integer of 64 bits. */
    record Whole(long value) implements Pickled {
        @Override
        public String kind() {
            return "an integer";
        }
    }

    /** A tuple. */
    record Tuple(List<Pickled> items) implements Pickled {
        @Override
        public String kind() {
            return "a tuple of " + items.size();
        }
    }

    /** A list; of what is in it nothing is kept. */
    record Array() implements Pickled {
        @Override
        public String kind() {
            return "a list";
        }
    }

    /** A dict, ordered or not; of entries whose keys are not strings it keeps none. */
    final class Dict implements Pickled {
        /** Null while there are none: an empty dict is one byte of a pickle, and must not be many here. */
        private SequencedMap<String, Pickled> entries;

        void put(String key, Pickled value) {
            if (entries == null) {
                entries = new LinkedHashMap<>();
            }
            entries.put(key, value);
        }

        Map<String, Pickled> entries() {
            return entries == null ? Map.of() : Collections.unmodifiableMap(entries);
        }

        @Override
        public String kind() {
            return "a dict";
        }
    }

    /** One of the names that are allowed. */
    record Name(Global global) implements Pickled {
        @Override
        public String kind() {
            return "the name " + global.fullName();
        }
    }

    /**
     * Data of tensors.
     *
     * @param type     of its elements
     * @param key      the name of its entry in the archive
     * @param elements how many the pickle says it has
     */
    record Storage(DType type, String key, long elements) implements Pickled {
        @Override
        public String kind() {
            return "a storage";
        }
    }

    /**
     * A tensor.
     *
     * @param storage where its elements are
     * @param offset  the first one
     * @param shape   its sizes
     * @param strides elements from one to the next along each axis
     */
    record Tensor(Storage storage, long offset, List<Long> shape, List<Long> strides) implements Pickled {
        @Override
        public String kind() {
            return "a tensor";
        }
    }
}
