// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.backend.bundle.EngineParts;
import io.github.depthc.backend.kernels.Cubins;
import io.github.depthc.backend.kernels.Nvrtc;
import io.github.depthc.backend.kernels.Precision;
import io.github.depthc.backend.plan.Plan;
import io.github.depthc.cli.console.Interrupts;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.op.Segment;
import io.github.depthc.passes.api.PassRegistry;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Makes the part of a bundle that is for GPUs. */
public final class GpuParts {
    private GpuParts() {
    }

    /**
     * The model as one graph for prompts and one for decode steps.
     *
     * @throws io.github.depthc.ir.InputException if the model has what such a graph cannot have
     */
    public static EngineParts single(Conversion conversion, DType rowType, PassRegistry registry) {
        requireDecoder(conversion);
        return EngineParts.single(conversion.flat(registry), rowType);
    }

    private static void requireDecoder(Conversion conversion) {
        if (conversion.lowered().encoder()) {
            throw refused(conversion.lowered().info().name() + " is an encoder, and segments, kernels and engine graphs are of decoders, which have caches", null);
        }
    }

    private static InputException refused(String why, InputException cause) {
        return new InputException("--target tensorrt: " + why + "; leave --target tensorrt out: the bundle then runs on the CPU", cause);
    }

    /**
     * The model cut into segments, and the kernels between them.
     *
     * @param rowType       element type of matrices and hidden states
     * @param architectures to compile kernels for, such as 90
     * @param nvrtc         folder of NVRTC's library, where the user gives it
     * @throws InputException if the model has what no plan can have, its pipeline cuts it, or NVRTC is not found
     */
    public static EngineParts of(Conversion conversion, DType rowType, List<Integer> architectures, Optional<Path> nvrtc, PassRegistry registry, Progress progress) {
        requireDecoder(conversion);
        if (!conversion.lowered().nodes(Segment.class).isEmpty()) {
            throw new InputException("--target tensorrt: the pipeline cuts the model into segments itself, which the CPU's graph cannot have; leave cut-segments out, it is run for the GPU's part");
        }
        Model cut = conversion.cut(registry);
        try {
            Plan.of(cut, rowType);
        } catch (InputException e) {
            throw refused(e.getMessage(), e);
        }
        Precision precision = Arrays.stream(Precision.values()).filter(p -> p.dtype() == rowType).findFirst().orElseThrow();
        Nvrtc compiler = Nvrtc.open(nvrtc.orElse(null));
        progress.at("kernels", 0, architectures.size());
        // the library's own end must not come while it compiles: the process would crash
        try (Interrupts _ = Interrupts.endAtOnce()) {
            return new EngineParts(cut, rowType, Cubins.compile(compiler, precision, architectures, (done, all) -> progress.at("kernels", done, all)));
        }
    }
}
