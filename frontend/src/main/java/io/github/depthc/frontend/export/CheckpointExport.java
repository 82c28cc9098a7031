// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.safetensors.ShardedWriter;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.io.StagingFolder;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightReader;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A checkpoint that is to be written: everything that can be wrong with it is known before anything is.
 *
 * @param config  its {@code config.json}
 * @param tensors what its tensors hold, by name, in the order in which they are stored
 * @param notes   what the user should know, a sentence or two each
 */
public record CheckpointExport(JsonObject config, SequencedMap<String, WeightExpr> tensors, List<String> notes) {
    /** Decoders whose layer is the one that the formats wrap. */
    private static final Set<String> LLAMAS = Set.of("llama", "pmod_llava_llama", "mod_llava_llama");
    private static final int NAMES_SHOWN = 3;

    public CheckpointExport {
        tensors = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(tensors));
        notes = List.copyOf(notes);
    }

    /**
     * What becomes of a model. Each of its weights must have a place in the checkpoint, and each tensor of the checkpoint come from one
     * of its weights; types are kept.
     *
     * @throws InputException naming what the format cannot express, and what to change
     */
    public static CheckpointExport of(ExportSource source, ExportFormat format, ExportOptions options) {
        if (!LLAMAS.contains(source.info().architecture())) {
            throw source.refused("p-MoD and γ-MoD", "is a " + source.info().architecture() + " model",
                    "their decoder is Llama's; export a model of model_type llama");
        }
        if (source.routed().isEmpty()) {
            throw new InputException(source.place() + ": has no Mixture-of-Depths layer, so there is nothing to export; convert the checkpoint with "
                    + "some layers, or use it as it is");
        }
        ExportFormat.Target target = format.target(source, options);
        ObjectNode node = LlamaSettings.of(source, commonest(source.weights().values()));
        node.setAll(target.settings());
        JsonObject config = JsonObject.of(node, source.config().file());
        return new CheckpointExport(config, tensors(source, config, target.routers()), target.notes());
    }

    private static SequencedMap<String, WeightExpr> tensors(ExportSource source, JsonObject config, SequencedMap<String, WeightExpr> routers) {
        var unused = new LinkedHashSet<>(source.weights().keySet());
        var tensors = new LinkedHashMap<String, WeightExpr>();
        Importer.tensors(config, DType.F32).forEach((name, type) -> {
            if (!routers.containsKey(name)) {
                tensors.put(name, weight(source, name, type));
            }
        });
        tensors.putAll(routers);
        tensors.values().stream().flatMap(w -> WeightStore.leaves(w).stream()).map(WeightExpr.Stored::name).forEach(unused::remove);
        if (!unused.isEmpty()) {
            throw new InputException(source.place() + ": has weights that such a checkpoint has no place for (" + shown(unused)
                    + "); convert the model again without the passes that add or rewrite weights");
        }
        tensors.putAll(source.others());
        return tensors;
    }

    /** Layers of a format may be wrapped, where those of the source are not. */
    private static WeightExpr weight(ExportSource source, String name, TensorType type) {
        WeightExpr.Stored found = Stream.of(name, name.replace(".decoder_layer.", ".")).map(source.weights()::get).filter(w -> w != null)
                .findFirst().orElseThrow(() -> new InputException(source.place() + ": its graph has no weight \"" + name.replace(".decoder_layer.", ".")
                        + "\" of its own, so a pass has rewritten it; convert the model again without that pass"));
        if (!found.type().shape().equals(type.shape())) {
            throw new InputException(source.place() + ": its weight \"" + found.name() + "\" is " + found.type() + ", expected the shape of " + type);
        }
        return found;
    }

    private static String shown(Collection<String> names) {
        return String.join(", ", names.stream().limit(NAMES_SHOWN).toList()) + (names.size() > NAMES_SHOWN ? ", …" : "");
    }

    private static DType commonest(Collection<? extends WeightExpr> weights) {
        var bytes = new EnumMap<DType, Long>(DType.class);
        weights.forEach(w -> bytes.merge(w.type().dtype(), w.byteSize(), Long::sum));
        return bytes.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey).orElse(DType.F32);
    }

    /** The element type that most of the bytes have. */
    public DType dtype() {
        return commonest(tensors.values());
    }

    /** Bytes of all tensors. */
    public long bytes() {
        return ShardedWriter.bytes(types());
    }

    private SequencedMap<String, TensorType> types() {
        var types = new LinkedHashMap<String, TensorType>();
        tensors.forEach((name, weight) -> types.put(name, weight.type()));
        return types;
    }

    /**
     * Writes the checkpoint: the folder appears when it is complete, and nothing is left of one that does not become so.
     *
     * @param dir        the folder
     * @param replace    whether it replaces what is there, whatever that is
     * @param copies     files that go along, such as the tokenizer's
     * @param store      has the tensors' bytes
     * @param shardBytes the most bytes of tensors in one file, unless one tensor alone is larger
     */
    public void write(Path dir, boolean replace, List<Path> copies, WeightStore store, long shardBytes, ShardedWriter.Progress progress)
            throws IOException {
        try (StagingFolder staging = StagingFolder.open(dir, replace)) {
            Path folder = staging.folder();
            List<Path> files = ShardedWriter.write(folder, types(), shardBytes, (name, type, to, written) -> {
                WeightExpr weight = tensors.get(name);
                WeightReader.write(weight, store, to);
                written.accept(weight.byteSize());
            }, progress);
            for (Path copy : copies) {
                Files.copy(copy, folder.resolve(copy.getFileName().toString()));
            }
            Files.writeString(folder.resolve(Checkpoint.CONFIG), config.toText());
            for (Path file : files) {
                StagingFolder.sync(file);
            }
            StagingFolder.sync(folder);
            staging.commit();
        }
    }
}
