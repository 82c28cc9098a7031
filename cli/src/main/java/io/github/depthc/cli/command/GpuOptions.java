// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.backend.bundle.EngineParts;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import picocli.CommandLine.Option;

/** The options of {@code convert} for GPUs. */
final class GpuOptions {
    /** What a bundle is for. */
    enum Target {
        /** ONNX Runtime on the CPU. */
        ONNX,
        /** That, and TensorRT on NVIDIA GPUs. */
        TENSORRT
    }

    /** Types of matrices and hidden states. */
    enum Precision {
        BF16(DType.BF16), FP16(DType.F16), FP32(DType.F32);

        private final DType rowType;

        Precision(DType rowType) {
            this.rowType = rowType;
        }
    }

    @Option(names = "--target", paramLabel = "TARGET", completionCandidates = Targets.class, description = "What the bundle is for: ${COMPLETION-CANDIDATES} (default: onnx, "
            + "ONNX Runtime on the CPU). tensorrt adds what NVIDIA GPUs need, and needs none itself.")
    private Target target = Target.ONNX;

    @Option(names = "--gpu-arch", paramLabel = "CC", description = "With --target tensorrt: compute capabilities to compile the kernels for "
            + "(default: 80,86,89,90,100,120; an H100 or H200 is 90).")
    private String architectures;

    @Option(names = "--precision", paramLabel = "TYPE", completionCandidates = Precisions.class, description = "With --target tensorrt: type of matrices and hidden states "
            + "on the GPU: ${COMPLETION-CANDIDATES} (default: bf16).")
    private Precision precision;

    @Option(names = "--form", paramLabel = "FORM", completionCandidates = Forms.class, description = "With --target tensorrt: ${COMPLETION-CANDIDATES}. segments (default): engines "
            + "for depthc build, and kernels between them; single: one graph for prompts and one for decode steps of built-in operators alone, for trtexec and Triton.")
    private EngineParts.Form form;

    @Option(names = "--nvrtc", paramLabel = "DIR", description = "With --target tensorrt: folder of libnvrtc.so.13, where it is not found by itself.")
    private Path nvrtc;

    /**
     * What is asked for.
     *
     * @param form          segments and kernels, or one graph
     * @param rowType       type of matrices and hidden states
     * @param architectures such as 90, ascending
     * @param nvrtc         where NVRTC is, where the user says so
     */
    record Choice(EngineParts.Form form, DType rowType, List<Integer> architectures, Optional<Path> nvrtc) {
    }

    /** Empty for a bundle without a part for GPUs. */
    Optional<Choice> choice(List<Integer> known) {
        if (target == Target.ONNX) {
            String given = architectures != null ? "--gpu-arch" : precision != null ? "--precision" : form != null ? "--form" : nvrtc != null ? "--nvrtc" : null;
            if (given != null) {
                throw new InputException(given + " has no effect without --target tensorrt; add that, or remove it");
            }
            return Optional.empty();
        }
        if (form == EngineParts.Form.SINGLE && (architectures != null || nvrtc != null)) {
            throw new InputException((architectures == null ? "--nvrtc" : "--gpu-arch") + " has no effect: --form single has no kernels; remove one of them");
        }
        return Optional.of(new Choice(form == null ? EngineParts.Form.SEGMENTS : form, (precision == null ? Precision.BF16 : precision).rowType, architectures == null ? known : architectures(known),
                Optional.ofNullable(nvrtc)));
    }

    private List<Integer> architectures(List<Integer> known) {
        var chosen = new TreeSet<Integer>();
        for (String word : architectures.split(",", -1)) {
            chosen.add(known.stream().filter(a -> word.strip().equals(String.valueOf(a))).findFirst().orElseThrow(() -> new InputException(word.isBlank()
                    ? "--gpu-arch is '" + architectures + "', expected numbers with commas between them, such as 86,90"
                    : "--gpu-arch " + word.strip() + " is unknown, expected some of " + known.stream().map(String::valueOf).toList())));
        }
        return List.copyOf(chosen);
    }

    /** Values of {@code --target}. */
    static final class Targets extends EnumNames {
        Targets() {
            super(Target.class);
        }
    }

    /** Values of {@code --form}. */
    static final class Forms extends EnumNames {
        Forms() {
            super(EngineParts.Form.class);
        }
    }

    /** Values of {@code --precision}. */
    static final class Precisions extends EnumNames {
        Precisions() {
            super(Precision.class);
        }
    }
}
