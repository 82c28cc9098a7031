// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.backend.onnx.WeightPlacement;
import io.github.depthc.backend.onnx.WrittenGraph;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The weights of a bundle's decoder, mapped. A weight that is a tensor of the checkpoint has that tensor's name; one that a pass
 * made has a name that begins with {@code weight.}.
 */
public final class BundleWeights implements WeightStore, AutoCloseable {
    /** The source name of such weights. */
    public static final String SOURCE = "bundle";

    private final Path graph;
    private final SequencedMap<String, WrittenGraph.External> weights;
    private final Arena arena = Arena.ofShared();
    private final Map<String, MemorySegment> mapped = new HashMap<>();

    private BundleWeights(Path graph, SequencedMap<String, WrittenGraph.External> weights) {
        this.graph = graph;
        this.weights = weights;
    }

    /**
     * Reads the graph and maps the files.
     *
     * @throws InputException for a weight that lies outside the files that {@code bundle.json} lists
     */
    public static BundleWeights open(Bundle bundle) throws IOException {
        Path graph = bundle.file(bundle.component(Bundle.DECODER).file());
        var all = new BundleWeights(graph, WrittenGraph.read(graph).weights());
        try {
            for (var weight : all.weights.entrySet()) {
                all.map(bundle, weight.getKey(), weight.getValue().placed());
            }
            return all;
        } catch (IOException | RuntimeException | Error e) {
            all.close();
            throw e;
        }
    }

    private void map(Bundle bundle, String name, WeightPlacement.Placed placed) throws IOException {
        String location = placed.location();
        if (bundle.info().files().stream().noneMatch(f -> f.path().equals(location))) {
            throw new InputException(graph + ": the weight \"" + name + "\" is in " + location + ", which " + Bundle.JSON
                    + " does not list; convert the model again");
        }
        if (!mapped.containsKey(location)) {
            try (FileChannel channel = FileChannel.open(bundle.file(location), StandardOpenOption.READ)) {
                mapped.put(location, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
            }
        }
        long size = mapped.get(location).byteSize();
        if (placed.offset() > size || placed.length() > size - placed.offset()) {
            throw new InputException(graph + ": the weight \"" + name + "\" reaches beyond the end of " + location + "; convert the model again");
        }
    }

    /** Element type and shape of each weight, as stored, by name. */
    public SequencedMap<String, TensorType> tensors() {
        var types = new LinkedHashMap<String, TensorType>();
        weights.forEach((name, weight) -> types.put(name, weight.type()));
        return types;
    }

    @Override
    public Extent find(WeightExpr.Stored weight) {
        WrittenGraph.External found = weights.get(weight.name());
        if (found == null || !found.type().equals(weight.type())) {
            throw new InputException(graph + ": has no weight \"" + weight.name() + "\" of type " + weight.type());
        }
        WeightPlacement.Placed placed = found.placed();
        return new Extent(graph.resolveSibling(placed.location()), placed.offset(),
                mapped.get(placed.location()).asSlice(placed.offset(), placed.length()));
    }

    /** Unmaps the files; no extent's bytes are accessible from then on. */
    @Override
    public void close() {
        arena.close();
    }
}
