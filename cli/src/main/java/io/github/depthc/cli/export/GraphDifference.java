// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.export;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.onnx.EmitOptions;
import io.github.depthc.backend.onnx.OnnxEmitter;
import io.github.depthc.backend.onnx.WeightPlacement;
import io.github.depthc.backend.onnx.WrittenGraph;
import io.github.depthc.cli.convert.Conversion;
import io.github.depthc.cli.convert.ConversionOptions;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.export.CheckpointExport;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Whether a bundle computes what an exported checkpoint will: a pass can change a graph without a weight of its own, and then nothing
 * in {@code bundle.json} shows it.
 */
public final class GraphDifference {
    /** A prompt at which nothing is counted. */
    private static final Cost.Mix ANY = new Cost.Mix(0, 1);

    private GraphDifference() {
    }

    /** The first operator of which the bundle's graph has more or fewer than the graph that the checkpoint compiles to. */
    public static Optional<String> between(Bundle bundle, CheckpointExport export) throws IOException {
        BundleInfo.Component decoder = bundle.component(Bundle.DECODER);
        Path file = bundle.file(decoder.file());
        Model model = Importer.fromConfig(export.config(), bundle.info().model().name());
        Model lowered = Conversion.of(model, ConversionOptions.plan(null, null), m -> ANY, PassContext.builder().build(), PassRegistry.load()).lowered();
        var expected = WrittenGraph.of(OnnxEmitter.emit(lowered.graph(), new EmitOptions(decoder.portable(), ""), w -> placed(w, export)).model(), file)
                .operators();
        var found = WrittenGraph.read(file).operators();
        var names = new TreeSet<>(expected.keySet());
        names.addAll(found.keySet());
        return names.stream().filter(n -> !expected.getOrDefault(n, 0L).equals(found.getOrDefault(n, 0L))).findFirst()
                .map(n -> found.getOrDefault(n, 0L) + " of " + n + ", expected " + expected.getOrDefault(n, 0L));
    }

    /** Nowhere, as the type in which the checkpoint has it: only that shows in the graph. */
    private static WeightPlacement.Placed placed(WeightExpr weight, CheckpointExport export) {
        DType stored = weight instanceof WeightExpr.Stored s && export.tensors().containsKey(s.name()) ? export.tensors().get(s.name()).type().dtype()
                : weight.type().dtype();
        return new WeightPlacement.Placed("", 0, weight.byteSize() / weight.type().dtype().bytes() * stored.bytes(), stored);
    }
}
