// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.segment;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpCalls;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.EmbeddingNBits;
import io.github.depthc.ir.op.Segment;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Puts stretches of ops that compute each row by itself, on the same tokens, into segments. What is left between them mixes rows or
 * chooses among them: attention, scores, selections, gathers and combinations, which a backend runs as kernels of its own. Of a row of
 * decoder layers that all see the same tokens, a segment is what stands between two attentions: the end of a layer and the beginning of
 * the next.
 */
public final class CutSegments implements Pass<NoOptions> {
    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("cut-segments", "put what computes each row by itself into segments, one engine each", new NoOptions());
    }

    @Override
    public Outcome run(Model model, NoOptions options, PassContext context) {
        if (!model.layers().isEmpty()) {
            return new Outcome.NotApplicable("the model has layers; run lower-mod first");
        }
        if (model.graph().nodes().stream().anyMatch(n -> n.kind() instanceof Segment)) {
            return new Outcome.NotApplicable("the model has segments already");
        }
        var cut = new Cut(model.graph());
        if (cut.segments == 0) {
            return new Outcome.Unchanged();
        }
        Region graph = cut.graph();
        context.statistic("segments", cut.segments);
        context.statistic("steps between them", cut.steps.size() - cut.segments);
        return new Outcome.Changed(model.withGraph(graph), Counted.of(cut.segments, "segment"));
    }

    /** What runs as one: a node, or the nodes of a segment. Steps of a lower stage come first; segments have even stages. */
    private record Step(int stage, boolean segment, List<Node> nodes) {
    }

    /** Where a segment's nodes are gathered. */
    private record Place(int stage, Dim tokens) {
    }

    /** One run. */
    private static final class Cut {
        private final Region old;
        private final Map<Value, Integer> stages = new IdentityHashMap<>();
        private final Map<Place, Step> bySegment = new HashMap<>();
        private final List<Step> steps = new ArrayList<>();
        /** The step that each node is in. */
        private final Map<Node, Step> stepOf = new IdentityHashMap<>();
        /** Values that something outside their own segment reads. */
        private final Set<Value> read = Collections.newSetFromMap(new IdentityHashMap<>());
        private final RegionBuilder b = new RegionBuilder();
        private final int segments;

        Cut(Region old) {
            this.old = old;
            old.params().forEach(p -> stages.put(p, 0));
            old.nodes().stream().filter(n -> !isFree(n)).forEach(this::place);
            steps.sort(Comparator.comparingInt(Step::stage));
            old.nodes().forEach(n -> n.operands().stream().filter(v -> stepOf(v) != stepOf.get(n)).forEach(read::add));
            read.addAll(old.yields());
            segments = (int) steps.stream().filter(Step::segment).count();
        }

        private Step stepOf(Value value) {
            return value instanceof Result r ? stepOf.get(r.node()) : null;
        }

        /** True of a weight or a constant, of which every segment can have its own. */
        private static boolean isFree(Node node) {
            return node.operands().isEmpty();
        }

        /** True if it computes each row by itself. The rows of an embedding's table are fetched, not computed. */
        private static boolean isDense(Node node) {
            return !OpCalls.rowWise(node).isEmpty() && !(node.kind() instanceof Embedding) && !(node.kind() instanceof EmbeddingNBits)
                    && node.operands().stream().allMatch(v -> v.type() instanceof TensorType)
                    && node.results().stream().allMatch(r -> r.type() instanceof TensorType t && t.rank() > 0)
                    && node.results().stream().map(r -> r.tensor().dim(0)).distinct().count() == 1;
        }

        private void place(Node node) {
            int stage = node.operands().stream().map(stages::get).filter(Objects::nonNull).max(Comparator.naturalOrder()).orElse(0);
            boolean dense = isDense(node);
            stage += stage % 2 == (dense ? 0 : 1) ? 0 : 1;
            Step step;
            if (dense) {
                var place = new Place(stage, node.result(0).tensor().dim(0));
                step = bySegment.get(place);
                if (step == null) {
                    step = new Step(stage, true, new ArrayList<>());
                    bySegment.put(place, step);
                    steps.add(step);
                }
                step.nodes.add(node);
            } else {
                step = new Step(stage, false, List.of(node));
                steps.add(step);
            }
            stepOf.put(node, step);
            for (Result r : node.results()) {
                stages.put(r, stage);
            }
        }

        Region graph() {
            b.copyParams(old);
            int index = 0;
            for (Step step : steps) {
                if (step.segment) {
                    segment(step, index++);
                } else {
                    Node node = step.nodes.getFirst();
                    node.operands().forEach(this::copyFree);
                    b.copy(node);
                }
            }
            old.yields().forEach(this::copyFree);
            return b.build(b.values(old.yields()));
        }

        /** A weight or constant that a step outside of segments reads stands before it. */
        private void copyFree(Value value) {
            if (value instanceof Result r && isFree(r.node()) && !b.has(value)) {
                b.copy(r.node());
            }
        }

        private void segment(Step step, int index) {
            var body = new RegionBuilder();
            var operands = new ArrayList<Value>();
            var yields = new ArrayList<Value>();
            body.begin(step.nodes.getFirst().location());
            for (Node node : step.nodes) {
                for (Value operand : node.operands()) {
                    if (!body.has(operand) && stepOf(operand) != step && !(operand instanceof Result r && isFree(r.node()))) {
                        operands.add(operand);
                        body.map(operand, body.param(operand.name(), operand.type()));
                    }
                }
            }
            for (Node node : step.nodes) {
                for (Value operand : node.operands()) {
                    if (!body.has(operand)) {
                        body.copy(((Result) operand).node());
                    }
                }
                body.copy(node);
                node.results().stream().filter(read::contains).forEach(yields::add);
            }
            b.at(step.nodes.getFirst().location());
            String[] more = yields.stream().skip(1).map(Value::name).toArray(String[]::new);
            Node made = b.node(yields.isEmpty() ? "segment" : yields.getFirst().name(), new Segment(index), b.values(operands),
                    List.of(body.build(body.values(yields))), more);
            b.map(yields, made.results());
        }
    }
}
