// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import java.util.List;
import java.util.Optional;

/**
 * How a graph is written.
 *
 * @param portable        standard operators alone, for other runtimes; otherwise com.microsoft operators where they are faster
 *                        on ONNX Runtime's CPU
 * @param producerVersion version of this program, recorded in the model
 * @param outputs         names of the yields of a graph that is not a decoder, in order; those beyond the list are {@code out.N}
 * @param engine          how it is written for an engine builder; empty for runtimes that take the graph as it is
 */
public record EmitOptions(boolean portable, String producerVersion, List<String> outputs, Optional<EngineForm> engine) {
    public EmitOptions {
        outputs = List.copyOf(outputs);
    }

    /** For runtimes that take the graph as it is. */
    public EmitOptions(boolean portable, String producerVersion, List<String> outputs) {
        this(portable, producerVersion, outputs, Optional.empty());
    }

    /** A segment for an engine builder; its yields are numbered. */
    public static EmitOptions ofEngine(EngineForm engine, String producerVersion) {
        return new EmitOptions(true, producerVersion, List.of(), Optional.of(engine));
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
