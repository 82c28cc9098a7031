// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.checkpoint.RouterFile;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.text.RecordCodec;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A dense checkpoint whose layers are routed as a golden's {@value #ROUTINGS} says: the checkpoint on its first line, on each other one a layer and its routing. */
final class RoutedCheckpoint implements AutoCloseable {
    static final String ROUTINGS = "routing.txt";

    private final Checkpoint checkpoint;
    private final RouterFile routers;
    private final Case made;
    private final Model model;

    private RoutedCheckpoint(Path folder) throws IOException {
        made = Case.read(folder);
        Path routerFile = folder.resolve("routers.safetensors");
        checkpoint = Checkpoint.open(made.checkpoint());
        routers = Files.exists(routerFile) ? RouterFile.open(routerFile) : null;
        Model dense = Importer.load(checkpoint);
        if (routers != null) {
            dense = dense.withWeights(WeightStore.bySource(Map.of(Checkpoint.SOURCE, checkpoint, RouterFile.SOURCE, routers)));
        }
        model = route(dense, made.routings(), routers);
    }

    static RoutedCheckpoint open(Path folder) throws IOException {
        return new RoutedCheckpoint(folder);
    }

    /** The routed model, not lowered yet. */
    Model model() {
        return model;
    }

    /** By layer. */
    Map<Integer, Routing> routings() {
        return made.routings();
    }

    @Override
    public void close() {
        checkpoint.close();
        if (routers != null) {
            routers.close();
        }
    }

    /** What the file says. */
    private record Case(Path checkpoint, Map<Integer, Routing> routings) {
        static Case read(Path folder) throws IOException {
            List<String> lines = Files.readAllLines(folder.resolve(ROUTINGS));
            var routings = new TreeMap<Integer, Routing>();
            for (String line : lines.subList(1, lines.size())) {
                int space = line.indexOf(' ');
                var text = new SourceText(folder.getFileName() + "/" + ROUTINGS, line.substring(space + 1));
                routings.put(Integer.parseInt(line.substring(0, space)), RecordCodec.parse(Routing.class, text, null));
            }
            return new Case(folder.resolveSibling(lines.getFirst().replaceFirst("^checkpoint ", "")), routings);
        }
    }

    private static Model route(Model dense, Map<Integer, Routing> routings, RouterFile routers) {
        var b = new RegionBuilder();
        b.copyParams(dense.graph());
        for (Node node : dense.graph().nodes()) {
            if (node.kind() instanceof Layer l && routings.containsKey(l.index())) {
                var kind = new ModLayer(l.index(), routings.get(l.index()));
                var operands = new ArrayList<Value>(b.values(node.operands()));
                operands.add(b.value(dense.graph().param(GraphNames.CANDIDATES)));
                for (String name : weights(kind)) {
                    operands.add(b.add(name, new Weight(routers.weight(name))));
                }
                b.copy(node, kind, operands, node.regions());
            } else {
                b.copy(node);
            }
        }
        return dense.withGraph(b.build(b.values(dense.graph().yields())));
    }

    /** Names of the weights that a routed layer takes, in order. */
    private static List<String> weights(ModLayer kind) {
        var names = new ArrayList<String>();
        switch (kind.routing().score()) {
            case Routing.Score.Linear(boolean bias) -> names.addAll(bias ? List.of("score.weight", "score.bias") : List.of("score.weight"));
            case Routing.Score.SharedLinear score -> names.add("score.weight");
            default -> { }
        }
        if (kind.routing().skip() instanceof Routing.SkipPath.Linear) {
            names.addAll(List.of("skip.down", "skip.up", "skip.bias"));
        }
        return names.stream().map(n -> "layers." + kind.index() + "." + n).toList();
    }
}
