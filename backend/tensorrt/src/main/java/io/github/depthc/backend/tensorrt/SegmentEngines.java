// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.plan.DeviceTensor;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.ir.op.Attention;
import java.util.List;

/** What runs segments and a prompt's attention on a stream of a GPU. */
interface SegmentEngines extends AutoCloseable {
    /** What they were built for at most. */
    EngineLimits limits();

    /** Starts a segment; at least one row. */
    void segment(int index, List<DeviceTensor> inputs, List<DeviceTensor> outputs);

    /**
     * Starts the attention of a prompt.
     *
     * @param inputs q, k, v and, where it is by index, the sequence indices of queries and keys
     */
    void attention(Attention kind, List<DeviceTensor> inputs, DeviceTensor out);

    @Override
    void close();
}
