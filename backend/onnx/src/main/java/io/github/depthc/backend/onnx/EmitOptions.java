// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import java.util.List;

/**
 * How a graph is written.
 *
 * @param portable        standard operators alone, for other runtimes; otherwise com.microsoft operators where they are faster
 *                        on ONNX Runtime's CPU
 * @param producerVersion version of this program, recorded in the model
 * @param outputs         names of the yields of a graph that is not a decoder, in order; those beyond the list are {@code out.N}
 */
public record EmitOptions(boolean portable, String producerVersion, List<String> outputs) {
    public EmitOptions {
        outputs = List.copyOf(outputs);
    }

    /** Yields numbered. */
    public EmitOptions(boolean portable, String producerVersion) {
        this(portable, producerVersion, List.of());
    }

    /** Name of a yield. */
    String output(int index) {
        return index < outputs.size() ? outputs.get(index) : OnnxNames.output(index);
    }
}
