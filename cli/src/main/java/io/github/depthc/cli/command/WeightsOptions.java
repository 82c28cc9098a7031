// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.backend.bundle.WeightsVariant;
import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.InputException;
import io.github.depthc.passes.builtin.quantize.QuantizeWeights;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** In which form the weights go into the bundle. */
final class WeightsOptions {
    private static final String BLOCK = "--weights-block";
    private static final String KEEP = "--keep-weights";
    /** Share of the memory that F32 weights may take; the rest is for the KV cache and others. */
    private static final double MOST = 0.8;

    @Option(names = "--weights", defaultValue = "auto", paramLabel = "KIND", completionCandidates = Variants.class, description = "Weights in the bundle: ${COMPLETION-CANDIDATES}. source: the checkpoint's own bytes; fp32: "
            + "written out in F32; bf16: matrices in BF16, half the bytes, which the CPU's runtime casts when it loads them; int8, int4: linear layers and embeddings in integers of 8 or 4 bits, which is smaller, faster and not exact; auto: source if the "
            + "checkpoint is in F32, else fp32; int8 where F32 weights would take more than 80 %% of this machine's memory.")
    private WeightsVariant weights;

    @Option(names = BLOCK, paramLabel = "N", description = "With int8 or int4: weights that share a scale, 32, 64 or 128 (default: 32).")
    private Integer block;

    @Option(names = KEEP, paramLabel = "PATTERN", description = "With int8 or int4: names of tensors that stay in F32, such as 'lm_head*' or '*down_proj*'; may be given several times.")
    private List<String> keep = List.of();

    /**
     * What is done about the weights.
     *
     * @param variant  their form in the bundle, but for those that a pass quantises
     * @param quantize what that pass is told
     * @param remark   why it was chosen, where the user did not
     */
    record Choice(WeightsVariant variant, Optional<QuantizeWeights.Options> quantize, Optional<String> remark) {
    }

    /**
     * Decides.
     *
     * @param f32Bytes of all weights in F32
     * @param memory   of this machine, in bytes
     * @param portable whether the graph is one that cannot have quantised weights
     * @param pipeline whether the passes are given, which say themselves what is quantised
     */
    Choice choose(long f32Bytes, long memory, boolean portable, boolean pipeline) {
        boolean wanted = weights.bits().isPresent();
        if (wanted && portable) {
            throw new InputException("--weights " + weights.text() + " and --portable contradict each other: such weights need operators of ONNX Runtime's own; remove one of them");
        }
        boolean tooLarge = weights == WeightsVariant.AUTO && f32Bytes > MOST * memory;
        String sizes = Units.roughBytes(f32Bytes) + " of the " + Units.roughBytes(memory) + " that this machine has";
        if (!wanted && (!tooLarge || portable || pipeline)) {
            if (block != null || !keep.isEmpty()) {
                throw new InputException((block != null ? BLOCK : KEEP) + " has no effect: weights are quantized with --weights int8 or int4 only; add one of these, or remove it");
            }
            return new Choice(weights, Optional.empty(), !tooLarge ? Optional.empty() : Optional.of("In F32 the weights take " + sizes + ", and --weights auto puts none into 8 bits with "
                    + (portable ? "--portable: standard operators have none for them." : "--pipeline, which says itself what is quantized: quantize-weights.")));
        }
        var options = new QuantizeWeights.Options(weights.bits().orElse(8), blockSize(), List.of(), keep, true);
        return new Choice(WeightsVariant.AUTO, Optional.of(options), wanted ? Optional.empty() : Optional.of("Weights go into 8 bits: in F32 they would take " + sizes
                + ". --weights fp32 keeps them as they are."));
    }

    private int blockSize() {
        if (block == null) {
            return QuantizeWeights.DEFAULT.block();
        }
        if (!List.of(32, 64, 128).contains(block)) {
            throw new InputException(BLOCK + " is " + block + ", expected 32, 64 or 128");
        }
        return block;
    }

    /** Values of {@code --weights}. */
    static final class Variants extends EnumNames {
        Variants() {
            super(WeightsVariant.class);
        }
    }
}
