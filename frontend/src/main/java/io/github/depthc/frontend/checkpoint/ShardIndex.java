// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.checkpoint;

import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.tensorfile.TensorName;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code model.safetensors.index.json} or {@code pytorch_model.bin.index.json}: which shard has which tensor.
 *
 * @param file    the index
 * @param shardOf shard file name by tensor name
 */
record ShardIndex(Path file, Map<String, String> shardOf) {
    private static final int MAX_BYTES = 32_000_000;
    // Each is mapped, of which a process may have some ten thousands, and a bundle lists each.
    private static final int MAX_SHARDS = 4000;

    static ShardIndex read(Path file) throws IOException {
        JsonObject map = JsonObject.read(file, MAX_BYTES).requireObject("weight_map");
        var shardOf = new TreeMap<String, String>();
        for (String tensor : map.keys()) {
            TensorName.check(tensor, file);
            String shard = map.requireString(tensor);
            if (!isPlainFileName(shard)) {
                throw map.error(tensor, "the name of a file beside the index, without folders");
            }
            shardOf.put(tensor, shard);
        }
        if (shardOf.isEmpty()) {
            throw new InputException(file + ": \"weight_map\" lists no tensor");
        }
        long shards = shardOf.values().stream().distinct().count();
        if (shards > MAX_SHARDS) {
            throw new InputException(file + ": lists " + shards + " shards, expected at most " + MAX_SHARDS);
        }
        return new ShardIndex(file, shardOf);
    }

    /** The same on every system: a checkpoint made for one must not reach out of its folder on another. */
    private static boolean isPlainFileName(String name) {
        return !name.isBlank() && !name.equals(".") && !name.equals("..")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || Character.isISOControl(c));
    }

    /** The shards, sorted by name; {@link InputException} when one is missing. */
    List<Path> shards() {
        return shardOf.values().stream().distinct().sorted().map(name -> {
            Path shard = file.resolveSibling(name);
            if (!Files.exists(shard)) {
                throw new InputException(shard + ": no such file, but " + file.getFileName() + " lists it; download the missing shard");
            }
            return shard;
        }).toList();
    }

    /** Checks that every listed tensor is in the shard that the index names. */
    void check(Map<String, StoredTensor> tensors) {
        shardOf.forEach((name, shard) -> {
            StoredTensor tensor = tensors.get(name);
            if (tensor == null || !tensor.file().getFileName().toString().equals(shard)) {
                throw new InputException(file.resolveSibling(shard) + ": has no tensor \"" + name + "\", but " + file.getFileName()
                        + " lists it there" + (tensor == null ? "" : "; it is in " + tensor.file().getFileName()));
            }
        });
    }
}
