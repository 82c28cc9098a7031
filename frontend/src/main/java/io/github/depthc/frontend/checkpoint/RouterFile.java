// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.checkpoint;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A safetensors file of routers that the user gives beside a checkpoint, with the names of the published checkpoints:
 * {@code model.layers.N.router.router.weight} and {@code …bias} of each layer (p-MoD), or {@code model.layers.N.router.weight}
 * (γ-MoD). The latter is one tensor that all layers share: the file may have it once, under any layer's name, or as several
 * copies, which must be equal. It is also found as {@link #SHARED}.
 */
public final class RouterFile implements WeightStore, AutoCloseable {
    /** The source name of such weights. */
    public static final String SOURCE = "routers";
    /** The name of the router that all layers share, whatever layer's it is stored as. */
    public static final String SHARED = "router.weight";

    private static final Pattern COPY = Pattern.compile("(model\\.layers\\.\\d{1,9}\\.)?router\\.weight");
    private static final Pattern ROUTER = Pattern.compile("(model\\.layers\\.\\d{1,9}\\.)?router\\.(weight|router\\.(weight|bias))");
    private static final int NAMES_SHOWN = 4;

    private final Path file;
    private final DataFiles data;
    private final SequencedMap<String, StoredTensor> tensors;
    /** Where the shared router is stored; null when there is none. */
    private final WeightExpr.Stored shared;

    private RouterFile(Path file, DataFiles data) {
        this.file = file;
        this.data = data;
        data.tensors().forEach((name, tensor) -> check(file, name, tensor));
        List<WeightExpr.Stored> copies = data.tensors().entrySet().stream().filter(t -> COPY.matcher(t.getKey()).matches())
                .map(t -> new WeightExpr.Stored(SOURCE, t.getKey(), t.getValue().type())).toList();
        shared = copies.isEmpty() ? null : EqualCopies.first(copies, data, "copies of one router that all converted layers share");
        var all = new LinkedHashMap<>(data.tensors());
        if (shared != null) {
            all.putIfAbsent(SHARED, data.require(shared.name()));
        }
        tensors = Collections.unmodifiableSequencedMap(all);
    }

    /**
     * Opens a file.
     *
     * @throws InputException when it is not a well-formed safetensors file, or has copies of the shared router that differ
     * @throws IOException    when it cannot be read
     */
    public static RouterFile open(Path file) throws IOException {
        DataFiles data = DataFiles.open(file, List.of(file));
        try {
            return new RouterFile(file, data);
        } catch (RuntimeException | Error e) {
            data.close();
            throw e;
        }
    }

    /** An {@link InputException} when none of the tensors has a name of the published routers, the only ones the built-in styles know. */
    public void requireRouters() {
        if (data.tensors().keySet().stream().noneMatch(n -> ROUTER.matcher(n).matches())) {
            throw new InputException(file + ": has no routers among its tensors (" + names() + "), expected model.layers.N.router.router.weight "
                    + "or model.layers.N.router.weight");
        }
    }

    private static void check(Path file, String name, StoredTensor tensor) {
        if (ROUTER.matcher(name).matches() && !tensor.type().dtype().isFloat()) {
            throw new InputException(file + ": tensor \"" + name + "\" is " + tensor.type() + ", expected floating point");
        }
    }

    private String names() {
        List<String> names = data.tensors().keySet().stream().limit(NAMES_SHOWN).toList();
        return names.isEmpty() ? "none" : String.join(", ", names) + (data.tensors().size() > NAMES_SHOWN ? ", …" : "");
    }

    /** The file. */
    public Path file() {
        return file;
    }

    /** All tensors by name, in the order of their data; at the end the shared router as {@link #SHARED}, if there is one. */
    public SequencedMap<String, StoredTensor> tensors() {
        return tensors;
    }

    /** The layers whose names copies of the shared router have, ascending; none where it stands once, without a layer's name. */
    public List<Integer> sharingLayers() {
        return data.tensors().keySet().stream().map(COPY::matcher).filter(m -> m.matches() && m.group(1) != null).map(m -> Integer.valueOf(m.group(1).split("\\.")[2]))
                .sorted().toList();
    }

    /** The stored tensors that are not among {@code used}, in the order of their data; where the shared router is used, so are its copies. */
    public List<String> unused(Set<String> used) {
        boolean sharing = used.stream().anyMatch(n -> COPY.matcher(n).matches());
        return data.tensors().keySet().stream().filter(n -> !used.contains(n) && !(sharing && COPY.matcher(n).matches())).toList();
    }

    /** A reference to a tensor; {@link InputException} when the file lacks it. */
    public WeightExpr.Stored weight(String name) {
        return new WeightExpr.Stored(SOURCE, name, require(name).type());
    }

    private StoredTensor require(String name) {
        StoredTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new InputException(file + ": has no tensor \"" + name + "\", which the conversion asks for; it has " + names()
                    + ": convert the layers that it has routers for, with the style they were trained in");
        }
        return tensor;
    }

    /** The bytes of a tensor; {@link InputException} when it is missing or of another type. */
    @Override
    public Extent find(WeightExpr.Stored weight) {
        require(weight.name());
        boolean alias = shared != null && weight.name().equals(SHARED);
        return data.find(alias ? new WeightExpr.Stored(SOURCE, shared.name(), weight.type()) : weight);
    }

    /** Unmaps the file; no extent's bytes are accessible from then on. */
    @Override
    public void close() {
        data.close();
    }
}
