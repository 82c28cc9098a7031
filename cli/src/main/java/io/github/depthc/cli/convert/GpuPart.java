// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.backend.bundle.EngineParts;
import io.github.depthc.backend.bundle.SingleGraphs;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.backend.tensorrt.BuiltEngines;
import io.github.depthc.backend.tensorrt.EnginesInfo;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Program;
import io.github.depthc.cli.console.Shell;
import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.Counted;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.op.EmbeddingNBits;
import io.github.depthc.ir.op.LinearNBits;
import io.github.depthc.ir.op.Segment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * What a bundle has for GPUs, in words.
 *
 * @param form          segments and kernels, or one graph
 * @param rowType       element type of matrices and hidden states
 * @param weightBits    bits of the integers that linear layers and tables are in, the least where they differ; empty where they are in the row type
 * @param segments      how many; none of one graph
 * @param architectures that kernels were compiled for, such as 90; none of one graph
 */
public record GpuPart(EngineParts.Form form, DType rowType, OptionalInt weightBits, int segments, List<Integer> architectures) {
    public GpuPart {
        architectures = List.copyOf(architectures);
    }

    /** Of a bundle that is being written. */
    static GpuPart of(EngineParts parts) {
        return new GpuPart(parts.form(), parts.rowType(), bits(parts.cut().graph()).min(), parts.cut().nodes(Segment.class).size(), List.copyOf(parts.kernels().keySet()));
    }

    private static IntStream bits(Region graph) {
        return graph.nodes().stream().flatMapToInt(n -> switch (n.kind()) {
            case LinearNBits l -> IntStream.of(l.bits());
            case EmbeddingNBits e -> IntStream.of(e.bits());
            default -> n.regions().stream().flatMapToInt(GpuPart::bits);
        });
    }

    /**
     * Of one that has been written, with what has been built of it.
     *
     * @param folder      the bundle's
     * @param part        what it was converted to
     * @param weightBytes in the GPU's type
     * @param engines     built so far
     */
    public record Written(Path folder, GpuPart part, long weightBytes, List<BuiltEngines> engines) {
        private static final String WEIGHTS = BundlePlan.FOLDER + Bundle.WEIGHTS;

        /** Empty for a bundle that has nothing for GPUs. */
        public static Optional<Written> in(Bundle bundle) throws IOException {
            long weights = bundle.info().files().stream().filter(f -> f.path().startsWith(WEIGHTS)).mapToLong(f -> f.size()).sum();
            if (SingleGraphs.isIn(bundle)) {
                OptionalInt bits = bundle.component(Bundle.DECODER).weights().bits(); // the same integers are in both
                return Optional.of(new Written(bundle.folder(), new GpuPart(EngineParts.Form.SINGLE, SingleGraphs.open(bundle).rowType(), bits, 0, List.of()), weights, List.of()));
            }
            if (!BundlePlan.isIn(bundle)) {
                return Optional.empty();
            }
            try (BundlePlan plan = BundlePlan.open(bundle)) {
                var part = new GpuPart(EngineParts.Form.SEGMENTS, plan.rowType(), bits(plan.model().graph()).min(), plan.segments().size(), List.copyOf(plan.kernels().keySet()));
                return Optional.of(new Written(bundle.folder(), part, weights, BuiltEngines.of(PlanFiles.of(plan), bundle.info())));
            }
        }

        /** A line on what it is, and one for each kind of GPU that engines were built for. */
        public void print(Console console) {
            console.line("GPU      " + part.text() + ", weights " + Units.bytes(weightBytes));
            String build = Program.command() + " build " + Shell.quote(folder.toString());
            if (part.form == EngineParts.Form.SEGMENTS && engines.isEmpty()) {
                console.line("Engines  none built yet; on the machine with the GPU: " + build);
            }
            for (BuiltEngines e : engines) {
                String found = e.info().map(i -> text(i) + e.flaw().map(f -> "; of no use: " + f).orElse("")).orElseGet(() -> e.flaw().orElseThrow());
                console.line("Engines  " + found + (e.flaw().isPresent() ? "; build them again with: " + build : ""));
            }
        }

        private static String text(EnginesInfo built) {
            return built.gpu() + ", TensorRT " + built.tensorRt() + ": prompts of " + built.maxPrompt() + " tokens and steps of " + Counted.of(built.maxBatch(), "row") + " at most, "
                    + Units.bytes(built.bytes());
        }

        /** The same into a JSON object. */
        public void put(ObjectNode o) {
            part.put(o).put("weight_bytes", weightBytes);
            var list = o.putArray("engines");
            for (BuiltEngines e : engines) {
                ObjectNode one = list.addObject().put("folder", e.folder().getFileName().toString());
                e.info().ifPresent(i -> one.put("gpu", i.gpu()).put("architecture", i.architecture()).put("tensorrt", i.tensorRt()).put("max_prompt", i.maxPrompt())
                        .put("max_batch", i.maxBatch()).put("bytes", i.bytes()));
                e.flaw().ifPresent(f -> one.put("flaw", f));
            }
        }
    }

    /** In one line. */
    String text() {
        String type = rowType.text().toUpperCase(Locale.ROOT) + (weightBits.isPresent() ? " with weights in " + weightBits.getAsInt() + " bits" : "");
        return switch (form) {
            case SINGLE -> "gpu/prompt.onnx and gpu/step.onnx in " + type + ", for trtexec and Triton (docs/gpu.md)";
            case SEGMENTS -> Counted.of(segments, "segment") + " in " + type + ", kernels for compute capability " + capabilities(architectures);
        };
    }

    /** The same into a JSON object, which it gives back. */
    ObjectNode put(ObjectNode o) {
        o.put("form", form.name().toLowerCase(Locale.ROOT)).put("row_type", rowType.text());
        weightBits.ifPresent(b -> o.put("weight_bits", b));
        if (form == EngineParts.Form.SEGMENTS) {
            o.put("segments", segments).set("architectures", JsonOutput.array(architectures.stream().mapToInt(a -> a).toArray()));
        }
        return o;
    }

    private static String capabilities(List<Integer> architectures) {
        return String.join(", ", architectures.stream().map(a -> a / 10 + "." + a % 10).toList());
    }
}
