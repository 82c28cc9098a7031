// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.op.Attention;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The files of a plan in a bundle.
 *
 * @param folder     the bundle's
 * @param rowType    element type of hidden states
 * @param segments   ONNX graph of each segment, in order: its inputs have the names of the region's parameters, {@code [n, width]} or {@code [n]};
 *                   its outputs are {@code out.0}, {@code out.1}, …, for its yields in order
 * @param attentions ONNX graphs of a prompt's attention, one for each kind and form that the plan has
 * @param kernels    the kernels compiled for each architecture, such as 90
 */
public record PlanFiles(Path folder, DType rowType, List<Path> segments, List<AttentionGraph> attentions, SortedMap<Integer, Path> kernels) {
    public PlanFiles {
        segments = List.copyOf(segments);
        attentions = List.copyOf(attentions);
        kernels = new TreeMap<>(kernels);
    }

    /** The files that a bundle lists. */
    public static PlanFiles of(BundlePlan plan) {
        var attentions = plan.attentions().entrySet().stream().map(a -> new AttentionGraph(a.getKey().kind(), a.getKey().byIndex(), a.getValue()))
                .sorted(Comparator.comparing(AttentionGraph::graph)).toList();
        return new PlanFiles(plan.folder(), plan.rowType(), plan.segments(), attentions, plan.kernels());
    }

    /**
     * Attention of a prompt of one row: inputs {@code q [n, heads · headDim]}, {@code k} and {@code v} {@code [m, kvHeads · headDim]}, where it is by
     * index {@code query_index} I32 {@code [n]} and {@code key_index} I32 {@code [m]} (else n is m); output {@code out}, as q.
     *
     * @param kind    heads, sizes, scale, window, softcap
     * @param byIndex whether indices say which key comes before which query
     * @param graph   the ONNX graph
     */
    public record AttentionGraph(Attention kind, boolean byIndex, Path graph) {
    }
}
