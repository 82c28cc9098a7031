// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.onnx.EmitOptions;
import io.github.depthc.backend.onnx.EngineForm;
import io.github.depthc.backend.onnx.OnnxEmitter;
import io.github.depthc.backend.onnx.PromptAttention;
import io.github.depthc.backend.onnx.WeightPlacement;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Segment;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The files of {@link EngineParts.Form#SEGMENTS}: the plan, a graph for each engine, kernels, and the weights of both. */
final class EngineFiles implements GpuFiles {
    private final DType rowType;
    private final WeightLayout layout;
    private final Map<String, ModelProto> graphs = new LinkedHashMap<>();
    private final Map<String, byte[]> others = new LinkedHashMap<>();
    private final Map<WeightExpr, WeightExpr.Stored> placed = new HashMap<>();
    private final Map<String, WeightPlacement.Placed> weights = new LinkedHashMap<>();
    private final Set<String> names = new HashSet<>();

    EngineFiles(EngineParts parts, String toolVersion) {
        rowType = parts.rowType();
        layout = WeightLayout.ofEngines(parts.rowType(), parts.cut(), BundlePlan.FOLDER);
        Model own = new Model(parts.cut().info(), placed(parts.cut().graph()), WeightStore.EMPTY);
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("row_type", parts.rowType().text()).put("plan", BundlePlan.PLAN);
        EngineForm form = EngineForm.of(own.graph(), parts.rowType());
        ArrayNode segments = json.putArray("segments");
        for (Node node : own.nodes(Segment.class)) {
            String file = "segment-%03d.onnx".formatted(segments.size());
            graphs.put(BundlePlan.FOLDER + file, OnnxEmitter.emit(node.region(), EmitOptions.ofEngine(form.inside(node), toolVersion), this::placeOf).model());
            segments.add(file);
        }
        ArrayNode attentions = json.putArray("attentions");
        for (BundlePlan.AttentionForm a : BundlePlan.attentions(own.graph())) {
            String file = "attention-%d.onnx".formatted(attentions.size());
            graphs.put(BundlePlan.FOLDER + file, PromptAttention.emit(a.kind(), a.byIndex(), parts.rowType(), toolVersion));
            attentions.add(file);
        }
        ArrayNode kernels = json.putArray("kernels");
        parts.kernels().forEach((architecture, bytes) -> {
            String file = "kernels-sm_%d.cubin".formatted(architecture);
            others.put(BundlePlan.FOLDER + file, bytes);
            kernels.addObject().put("architecture", architecture).put("file", file);
        });
        ArrayNode list = json.putArray("weights");
        weights.forEach((name, place) -> list.addObject().put("name", name).put("file", place.location()).put("offset", place.offset()).put("length", place.length()));
        others.put(BundlePlan.FOLDER + BundlePlan.PLAN, Printer.print(own).getBytes(StandardCharsets.UTF_8));
        others.put(BundlePlan.JSON, GpuFiles.text(json));
    }

    /** The region with every weight by the name that it has in this folder. */
    private Region placed(Region region) {
        var b = new RegionBuilder();
        b.copyParams(region);
        for (Node node : region.nodes()) {
            if (node.kind() instanceof Weight w && !(w.expr() instanceof WeightExpr.Inline)) {
                b.copy(node, new Weight(placed(EngineWeights.of(w.expr(), rowType))), List.of(), List.of());
            } else {
                var regions = new ArrayList<Region>();
                node.regions().forEach(r -> regions.add(placed(r)));
                b.copy(node, node.kind(), b.values(node.operands()), node.regions().isEmpty() ? node.regions() : regions);
            }
        }
        return b.build(b.values(region.yields()));
    }

    private WeightExpr.Stored placed(WeightExpr expr) {
        WeightExpr.Stored known = placed.get(expr);
        if (known == null) {
            WeightPlacement.Placed place = layout.place(expr);
            String name = expr instanceof WeightExpr.Stored s ? s.name() : "weight." + weights.size();
            while (!names.add(name)) {
                name = name + ".1";
            }
            known = new WeightExpr.Stored(BundlePlan.SOURCE, name, new TensorType(place.stored(), expr.type().shape()));
            placed.put(expr, known);
            weights.put(name, place);
        }
        return known;
    }

    private WeightPlacement.Placed placeOf(WeightExpr weight) {
        return switch (weight) {
            case WeightExpr.Stored s -> weights.get(s.name());
            case WeightExpr.Reshape(WeightExpr of, var shape) -> placeOf(of);
            default -> throw new IllegalStateException("a weight that has no place: " + weight);
        };
    }

    @Override
    public WeightLayout layout() {
        return layout;
    }

    @Override
    public Map<String, ModelProto> graphs() {
        return graphs;
    }

    @Override
    public Map<String, byte[]> others() {
        return others;
    }
}
