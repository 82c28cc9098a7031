// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.arch.Architecture;
import io.github.depthc.frontend.arch.Architectures;
import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.Size;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.arch.llava.HuggingFaceLlava;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.checkpoint.StoredTensor;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.vision.ImageParts;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.weight.WeightStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;

/** The way in: a checkpoint, or a configuration alone, becomes a {@link Model}. */
public final class Importer {
    private static final int MAX_ID = Integer.MAX_VALUE;

    private Importer() {
    }

    /**
     * Imports a checkpoint. The model's weights are the checkpoint's, which must stay open as long as they are read.
     *
     * @throws InputException for an unknown architecture, a configuration that it does not cover, or tensors that are
     *         missing, of another shape, or of no use to it
     */
    public static Model load(Checkpoint checkpoint) {
        Decoder decoder = build(checkpoint.config(), nameOf(checkpoint.dir()), Tensors.of(checkpoint));
        return new Model(decoder.info(), decoder.graph(), WeightStore.bySource(Map.of(Checkpoint.SOURCE, checkpoint)));
    }

    /**
     * What a checkpoint has beside its decoder, for images: their weights are the checkpoint's, and of the source
     * {@link ImageParts#TOWER_SOURCE} where a tower is given.
     *
     * @param tower the vision tower's own checkpoint, where it is not in this one
     * @return empty for a checkpoint without a vision tower
     * @throws InputException as {@link #load}
     */
    public static Optional<ImageParts> images(Checkpoint checkpoint, Model decoder, Optional<Checkpoint> tower) {
        return ImageParts.of(checkpoint, decoder.info().hidden(), tower);
    }

    /** The model that a configuration describes, without weights: its stored tensors, of the configuration's type, have no bytes. */
    public static Model fromConfig(JsonObject config, String name) {
        Decoder decoder = build(config, name, Tensors.declared(statedDType(config)));
        return new Model(decoder.info(), decoder.graph(), WeightStore.EMPTY);
    }

    /** The tensors that a checkpoint of this configuration has, by name, in the order of the graph. */
    public static SequencedMap<String, TensorType> tensors(JsonObject config, DType dtype) {
        Tensors tensors = Tensors.declared(dtype);
        Decoder decoder = build(config, "", tensors);
        ImageParts.declared(config, tensors, decoder.info().hidden());
        return tensors.taken();
    }

    /** The values of {@code model_type} that can be imported, sorted. */
    public static List<String> modelTypes() {
        return Architectures.registered().modelTypes();
    }

    /**
     * A configuration for a synthetic checkpoint: that of a well-known model of the architecture, with some sizes changed.
     * Where the hidden size or the number of heads is given and {@code head_dim} is not, {@code head_dim} is their quotient if
     * it has none left over; where only the query heads are given, there are as many key and value heads. Ids that begin and end a text
     * or stand for an image stay inside the vocabulary.
     */
    public static JsonObject exampleConfig(String modelType, Map<Size, Integer> sizes) {
        String where = "synthetic " + modelType + " config.json";
        Architecture architecture = Architectures.registered().ofModelType(modelType);
        ObjectNode node = JsonObject.parse(architecture.exampleConfig(), where).node();
        var changed = new EnumMap<Size, Integer>(Size.class);
        changed.putAll(sizes);
        Set<Size> derived = architecture.derivedSizes();
        derived.stream().filter(changed::containsKey).sorted().findFirst().ifPresent(size -> {
            throw new InputException("a " + modelType + " checkpoint has no " + size.key() + ": it follows from the hidden size and the number of heads; leave it out");
        });
        if (changed.containsKey(Size.HEADS) && !derived.contains(Size.KV_HEADS)) {
            changed.putIfAbsent(Size.KV_HEADS, changed.get(Size.HEADS));
        }
        ObjectNode sized = architecture.sizes(node);
        changed.forEach((size, value) -> sized.put(size.key(), value));
        var config = new DecoderConfig("", JsonObject.of(sized, where));
        int hidden = config.size(Size.HIDDEN);
        int heads = config.size(Size.HEADS);
        boolean reshaped = changed.containsKey(Size.HIDDEN) || changed.containsKey(Size.HEADS);
        if (reshaped && !derived.contains(Size.HEAD_DIM) && !changed.containsKey(Size.HEAD_DIM) && hidden % heads == 0) {
            sized.put(Size.HEAD_DIM.key(), hidden / heads);
        }
        keepTokensInside(sized, config.size(Size.VOCAB));
        keepTokensInside(node, config.size(Size.VOCAB));
        architecture.fitToSizes(node);
        return JsonObject.of(node, where);
    }

    /** Ids that begin, end or pad a text or stand for an image, moved to the end of a vocabulary that has become too small for them. */
    private static void keepTokensInside(ObjectNode node, int vocabulary) {
        for (String name : List.of("bos_token_id", "eos_token_id", "pad_token_id", "image_token_index")) {
            if (node.path(name).isInt() && node.path(name).intValue() >= vocabulary) {
                node.put(name, vocabulary - 1);
            }
        }
    }

    /**
     * Begin and end ids, by {@code generation_config.json}, or where that is silent by {@code config.json}. Checkpoints have been
     * seen that name ids outside their vocabulary; such an id never comes, and is left out.
     */
    public static GenerationIds generationIds(Checkpoint checkpoint) {
        return generationIds(checkpoint.config(), checkpoint.generationConfig());
    }

    /** As {@link #generationIds(Checkpoint)}, of the files alone. */
    public static GenerationIds generationIds(JsonObject whole, Optional<JsonObject> generationConfig) {
        JsonObject config = decoderConfig(whole);
        var leftOut = new ArrayList<String>();
        List<Integer> bos = ids(config, generationConfig, "bos_token_id", leftOut);
        List<Integer> eos = ids(config, generationConfig, "eos_token_id", leftOut);
        return new GenerationIds(bos.isEmpty() ? OptionalInt.empty() : OptionalInt.of(bos.getFirst()), eos, leftOut);
    }

    private static List<Integer> ids(JsonObject config, Optional<JsonObject> generationConfig, String key, List<String> leftOut) {
        JsonObject from = generationConfig.filter(g -> g.has(key)).orElse(config);
        int vocabulary = config.requireInt(Size.VOCAB.key(), 1, Size.VOCAB.max());
        List<Integer> named = from.optIntOrInts(key, 0, MAX_ID).orElse(List.of()).stream().distinct().toList();
        List<Integer> outside = named.stream().filter(id -> id >= vocabulary).toList();
        if (!outside.isEmpty()) {
            leftOut.add(from.file() + ": \"" + key + "\" names " + outside.stream().map(String::valueOf).collect(Collectors.joining(", "))
                    + ", outside the vocabulary of " + vocabulary + " ids; that never comes and is left out");
        }
        return named.stream().filter(id -> id < vocabulary).toList();
    }

    /** The part of a configuration that describes the decoder: all of it but for a model that says so of text and images apart. */
    public static JsonObject decoderConfig(JsonObject config) {
        return HuggingFaceLlava.is(config) ? HuggingFaceLlava.textConfig(config) : config;
    }

    /** The element type that most of the checkpoint's bytes have. */
    public static DType dtype(Checkpoint checkpoint) {
        var bytes = new EnumMap<DType, Long>(DType.class);
        for (StoredTensor tensor : checkpoint.tensors().values()) {
            long size = tensor.type().dtype().bytes();
            for (long d : tensor.type().fixedShape()) {
                size *= d;
            }
            bytes.merge(tensor.type().dtype(), size, Long::sum);
        }
        return bytes.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey)
                .orElseThrow(() -> new InputException(checkpoint.dir() + ": has no tensors"));
    }

    /** The element type that a configuration states, F32 where it states none. */
    public static DType statedDType(JsonObject config) {
        String key = config.has("dtype") ? "dtype" : "torch_dtype";
        return switch (config.optString(key, "float32")) {
            case "float32" -> DType.F32;
            case "float16" -> DType.F16;
            case "bfloat16" -> DType.BF16;
            case "float64" -> DType.F64;
            default -> throw config.error(key, "float32, float16, bfloat16 or float64");
        };
    }

    private static Decoder build(JsonObject config, String name, Tensors tensors) {
        Architecture architecture = Architectures.registered().of(config);
        try {
            return architecture.build(new DecoderConfig(name, config), tensors);
        } catch (TypeException e) {
            throw new InputException(config.file() + ": describes a decoder that cannot be built: " + e.getMessage(), e);
        }
    }

    private static String nameOf(Path dir) {
        Path name = dir.toAbsolutePath().normalize().getFileName();
        return name == null ? "model" : name.toString();
    }
}
