// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Numbers that take long to find, kept by a text. A pass asks for a number before it measures and puts it in when it has; where the same
 * command is given again after an interrupt, what it measured may be there still. What a number depends on beside the checkpoint's
 * weights and the calibration samples must be in its key: the model as the pass gets it, and the pass's options.
 */
public interface Memo {
    /** The number that was put there; empty if none was. */
    OptionalDouble get(String key);

    /** Keeps a number. */
    void put(String key, double value);

    /** A memo of this process alone. */
    static Memo inMemory() {
        Map<String, Double> known = new HashMap<>();
        return new Memo() {
            @Override
            public OptionalDouble get(String key) {
                Double value = known.get(key);
                return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
            }

            @Override
            public void put(String key, double value) {
                known.put(key, value);
            }
        };
    }
}
