// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.onnx.SingleGraph;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.Routing;
import java.util.Map;

/** The files of {@link EngineParts.Form#SINGLE}: a graph for prompts, one for decode steps, the weights of both. */
final class SingleFiles implements GpuFiles {
    private final WeightLayout layout;
    private final Map<String, ModelProto> graphs;
    private final Map<String, byte[]> others;

    SingleFiles(EngineParts parts, BundleSpec spec) {
        for (LayerPlan layer : spec.layers()) {
            if (layer.routing().filter(r -> r.decode() != Routing.DecodeRule.DENSE).isPresent()) {
                throw new InputException("layer " + layer.layer() + " routes decode steps (decode=threshold), where it may keep nothing; one engine graph cannot; use --form segments");
            }
        }
        layout = WeightLayout.ofEngines(parts.rowType(), parts.cut(), BundlePlan.FOLDER);
        Region graph = EngineWeights.ofOneGraph(parts.cut().graph(), parts.rowType());
        graphs = Map.of(BundlePlan.FOLDER + SingleGraphs.PROMPT, SingleGraph.prompt(graph, parts.rowType(), spec.toolVersion(), layout),
                BundlePlan.FOLDER + SingleGraphs.STEP, SingleGraph.step(graph, parts.rowType(), spec.toolVersion(), layout));
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("row_type", parts.rowType().text()).put("prompt", SingleGraphs.PROMPT).put("step", SingleGraphs.STEP);
        ArrayNode routed = json.putArray("routed");
        for (Node node : parts.cut().nodes(ModSelect.class)) {
            var select = (ModSelect) node.kind();
            routed.addObject().put("layer", select.index()).put("keep", SingleGraph.keep(select.index())).put("ratio", select.selection().ratio());
        }
        others = Map.of(BundlePlan.JSON, GpuFiles.text(json));
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
