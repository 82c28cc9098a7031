// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.checkpoint;

import io.github.depthc.frontend.tensorfile.TensorEntry;
import io.github.depthc.frontend.tensorfile.TensorFile;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** Open files whose tensors together are one name space. */
final class DataFiles implements WeightStore, AutoCloseable {
    private final Path place;
    private final List<TensorFile> files;
    private final SequencedMap<String, StoredTensor> tensors;
    private final SequencedMap<String, TensorFile> fileOf;

    private DataFiles(Path place, List<TensorFile> files, SequencedMap<String, StoredTensor> tensors,
            SequencedMap<String, TensorFile> fileOf) {
        this.place = place;
        this.files = files;
        this.tensors = tensors;
        this.fileOf = fileOf;
    }

    /**
     * Opens all files, or none when one of them is wrong.
     *
     * @param place what the user named, for messages
     */
    static DataFiles open(Path place, List<Path> paths) throws IOException {
        var files = new ArrayList<TensorFile>();
        try {
            for (Path path : paths) {
                files.add(TensorFiles.open(path));
            }
            var tensors = new LinkedHashMap<String, StoredTensor>();
            var fileOf = new LinkedHashMap<String, TensorFile>();
            for (TensorFile file : files) {
                file.tensors().forEach((name, entry) -> add(file, name, entry, tensors, fileOf));
            }
            return new DataFiles(place, List.copyOf(files), Collections.unmodifiableSequencedMap(tensors), fileOf);
        } catch (IOException | RuntimeException | Error e) {
            files.forEach(TensorFile::close);
            throw e;
        }
    }

    private static void add(TensorFile file, String name, TensorEntry entry, SequencedMap<String, StoredTensor> tensors,
            SequencedMap<String, TensorFile> fileOf) {
        TensorFile other = fileOf.put(name, file);
        if (other != null) {
            throw new InputException(file.path() + ": has the tensor \"" + name + "\", which is also in " + other.path()
                    + "; expected each tensor in one file");
        }
        tensors.put(name, new StoredTensor(entry.type(), file.path(), entry.offset()));
    }

    List<Path> paths() {
        return files.stream().map(TensorFile::path).toList();
    }

    SequencedMap<String, StoredTensor> tensors() {
        return tensors;
    }

    StoredTensor require(String name) {
        StoredTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new InputException(place + ": has no tensor \"" + name + "\" among its " + tensors.size());
        }
        return tensor;
    }

    @Override
    public Extent find(WeightExpr.Stored weight) {
        StoredTensor tensor = require(weight.name());
        if (!tensor.type().equals(weight.type())) {
            throw new InputException(tensor.file() + ": tensor \"" + weight.name() + "\" is " + tensor.type() + ", expected " + weight.type());
        }
        return fileOf.get(weight.name()).extent(weight.name());
    }

    @Override
    public void close() {
        files.forEach(TensorFile::close);
    }
}
