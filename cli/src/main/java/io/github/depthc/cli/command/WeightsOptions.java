// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.backend.bundle.WeightsVariant;
import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightExpr.Quantized.Scales;
import io.github.depthc.passes.builtin.quantize.QuantizeWeights;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** In which form the weights go into the bundle. */
final class WeightsOptions {
    private static final String BLOCK = "--weights-block";
    private static final String KEEP = "--keep-weights";
    /** Share of the memory that F32 weights may take; the rest is for the KV cache and others. */
    private static final double MOST = 0.8;
    /** Elements of a block of int4 weights that TensorRT's documentation has, the smaller one. */
    private static final int ENGINE_BLOCK = 64;

    @Option(names = "--weights", defaultValue = "auto", paramLabel = "KIND", completionCandidates = Variants.class, description = "Weights in the bundle: ${COMPLETION-CANDIDATES}. source: the checkpoint's own bytes; fp32: "
            + "written out in F32; bf16: matrices in BF16, half the bytes, which the CPU's runtime casts when it loads them; int8, int4: linear layers and embeddings in integers of 8 or 4 bits, which is smaller, faster and not exact; auto: source if the "
            + "checkpoint is in F32, else fp32; int8 where F32 weights would take more than 80 %% of this machine's memory.")
    private WeightsVariant weights;

    @Option(names = BLOCK, paramLabel = "N", description = "With int8 or int4: weights that share a scale, 32, 64 or 128 (default: 32; 64 for int4 with --target tensorrt).")
    private Integer block;

    @Option(names = KEEP, paramLabel = "PATTERN", description = "With int8 or int4: names of tensors that stay in F32, such as 'lm_head*' or '*down_proj*'; may be given several times.")
    private List<String> keep = List.of();

    /**
     * What is done about the weights.
     *
     * @param variant  their form in the bundle, but for those that a pass quantises
     * @param quantize what that pass is told
     * @param remarks  why it was chosen, where the user did not, and what speaks against it
     */
    record Choice(WeightsVariant variant, Optional<QuantizeWeights.Options> quantize, List<String> remarks) {
    }

    /**
     * Decides.
     *
     * @param f32Bytes of all weights in F32
     * @param memory   of this machine, in bytes
     * @param portable whether the graph is one that cannot have quantised weights
     * @param pipeline whether the passes are given, which say themselves what is quantised
     * @param rowType  type of matrices on a GPU, for a bundle that has a part for one
     */
    Choice choose(long f32Bytes, long memory, boolean portable, boolean pipeline, Optional<DType> rowType) {
        boolean wanted = weights.bits().isPresent();
        if (wanted && portable) {
            throw new InputException("--weights " + weights.text() + " and --portable contradict each other: such weights need operators of ONNX Runtime's own; remove one of them");
        }
        boolean tooLarge = weights == WeightsVariant.AUTO && f32Bytes > MOST * memory;
        String sizes = Units.roughBytes(f32Bytes) + " of the " + Units.roughBytes(memory) + " that this machine has";
        if (!wanted && (!tooLarge || portable || pipeline || rowType.isPresent())) {
            if (block != null || !keep.isEmpty()) {
                throw new InputException((block != null ? BLOCK : KEEP) + " has no effect: weights are quantized with --weights int8 or int4 only; add one of these, or remove it");
            }
            return new Choice(weights, Optional.empty(), !tooLarge ? List.of() : List.of("In F32 the weights take " + sizes + ", and --weights auto puts none into 8 bits with "
                    + (portable ? "--portable: standard operators have none for them." : pipeline ? "--pipeline, which says itself what is quantized: quantize-weights."
                    : "--target tensorrt, whose part would have them too: --weights int8 does, --weights source keeps the checkpoint's own.")));
        }
        int bits = weights.bits().orElse(8);
        boolean engines = rowType.isPresent();
        int size = blockSize(engines && bits == 4 ? ENGINE_BLOCK : QuantizeWeights.DEFAULT.block());
        var options = new QuantizeWeights.Options(bits, size, List.of(), keep, true, rowType.map(Scales::of).orElse(Scales.EITHER_SIGN));
        var remarks = new ArrayList<String>();
        if (!wanted) {
            remarks.add("Weights go into 8 bits: in F32 they would take " + sizes + ". --weights fp32 keeps them as they are.");
        }
        if (engines && bits == 4 && size < ENGINE_BLOCK) {
            remarks.add("TensorRT's documentation has int4 weights in blocks of 64 and 128 alone: depthc build may refuse those of " + size + "; " + BLOCK + " 64 is what it gives otherwise.");
        }
        return new Choice(WeightsVariant.AUTO, Optional.of(options), remarks);
    }

    private int blockSize(int otherwise) {
        if (block == null) {
            return otherwise;
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
