// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Region;
import io.github.depthc.ir.weight.WeightStore;
import java.util.List;
import java.util.Map;

/**
 * Runs flat graphs (no {@code layer} or {@code mod} nodes) so that a pass can measure a model, or one layer of it with
 * taps on any value (the values it yields), without knowing the runtime.
 *
 * <p>Inputs by name: a tensor parameter by its own name; a rows parameter by {@code row_lengths} I64 {@code [rows]} (new
 * tokens of each row) and {@code row_starts} I64 {@code [rows]} (sequence index of each row's first new token). Caches
 * are not for executors: drop the cache operand of attention first.
 */
public interface Executor {
    /** Prepares a graph; its yields, all tensors, come out as {@code out.0}, {@code out.1}, …. */
    Program compile(Region graph, WeightStore weights);

    /** A graph ready to run. Not thread-safe; close it to free its weights. */
    interface Program extends AutoCloseable {
        /** Runs once. Missing or misshapen inputs are an {@link IllegalArgumentException}. */
        List<HostTensor> run(Map<String, HostTensor> inputs);

        @Override
        void close();
    }
}
