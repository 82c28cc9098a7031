// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.pytorch;

import io.github.depthc.frontend.json.InputFiles;
import io.github.depthc.frontend.pytorch.Pickled.Dict;
import io.github.depthc.frontend.pytorch.Pickled.Storage;
import io.github.depthc.frontend.pytorch.Pickled.Tensor;
import io.github.depthc.frontend.tensorfile.GitLfs;
import io.github.depthc.frontend.tensorfile.TensorEntry;
import io.github.depthc.frontend.tensorfile.TensorFile;
import io.github.depthc.frontend.tensorfile.TensorName;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * An open file of {@code torch.save} (since PyTorch 1.6) that holds a map of names to tensors: {@code pytorch_model.bin}, {@code mm_projector.bin},
 * {@code consolidated.00.pth}. Such a map may also stand under {@code state_dict} or {@code model}, as training scripts save it. Tensors
 * are where they are in the file; several may share their data.
 */
public final class PytorchFile implements TensorFile {
    /** The name where there is one file. */
    public static final String SINGLE = "pytorch_model.bin";
    /** Which tensor is in which file, where there are several. */
    public static final String INDEX = "pytorch_model.bin.index.json";

    private static final String PICKLE = "data.pkl";
    private static final int MAX_PICKLE_BYTES = 64_000_000;
    private static final int SHORT_ENTRY = 64;
    /** What {@code torch.save} wrote until PyTorch 1.5: the pickle of a number. */
    private static final byte[] LEGACY = {(byte) 0x80, 2, (byte) 0x8a, 10, 0x6c, (byte) 0xfc, (byte) 0x9c, 0x46, (byte) 0xf9, 0x20, 0x6a, (byte) 0xa8, 0x50, 0x19};
    private static final String TAR = "ustar";
    private static final int TAR_AT = 257;

    private final Path path;
    private final SequencedMap<String, TensorEntry> tensors;
    private final Arena arena;
    private final MemorySegment file;

    private PytorchFile(Path path, SequencedMap<String, TensorEntry> tensors, Arena arena, MemorySegment file) {
        this.path = path;
        this.tensors = tensors;
        this.arena = arena;
        this.file = file;
    }

    /**
     * Opens a file.
     *
     * @throws InputException when it is none of {@code torch.save}, when it asks for anything but tensors, or when it contradicts itself
     * @throws IOException    when it cannot be read
     */
    public static PytorchFile open(Path path) throws IOException {
        InputFiles.requireFile(path);
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new PytorchFile(path, read(path, file), arena, file);
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /** Whether a file begins as the ones of {@code torch.save} do. */
    public static boolean isPytorch(Path path) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            return StoredZip.isZip(MemorySegment.ofArray(in.readNBytes(SHORT_ENTRY)));
        }
    }

    private static SequencedMap<String, TensorEntry> read(Path path, MemorySegment file) {
        if (!StoredZip.isZip(file)) {
            throw notZip(path, file);
        }
        Map<String, StoredZip.Entry> entries = StoredZip.entries(path, file);
        String pickle = pickle(path, entries);
        String folder = pickle.substring(0, pickle.length() - PICKLE.length());
        StoredZip.Entry at = entries.get(pickle);
        requireStored(path + ": ", pickle, at);
        checkByteOrder(path, file, folder + "byteorder", entries);
        if (at.size() > MAX_PICKLE_BYTES) {
            throw new InputException(path + ": has a pickle of " + at.size() + " bytes, expected at most " + MAX_PICKLE_BYTES);
        }
        Pickled value = PickleMachine.run(file.asSlice(at.offset(), at.size()).toArray(ValueLayout.JAVA_BYTE), path.toString());
        return tensors(path, value, folder + "data/", entries);
    }

    private static InputException notZip(Path path, MemorySegment file) {
        if (starts(file, 0, LEGACY) || starts(file, TAR_AT, TAR.getBytes(StandardCharsets.US_ASCII))) {
            return new InputException(path + ": is of the format that PyTorch wrote before version 1.6, expected the newer one; in Python: "
                    + "torch.save(torch.load(FILE, weights_only=True), NEW_FILE)");
        }
        GitLfs.refuse(path, file.asSlice(0, Math.min(file.byteSize(), GitLfs.MARK_BYTES)).toArray(ValueLayout.JAVA_BYTE));
        return new InputException(path + ": has " + file.byteSize() + " bytes and is no zip archive, expected what torch.save writes");
    }

    private static boolean starts(MemorySegment file, long at, byte[] mark) {
        return file.byteSize() >= at + mark.length && file.asSlice(at, mark.length).mismatch(MemorySegment.ofArray(mark)) < 0;
    }

    private static String pickle(Path path, Map<String, StoredZip.Entry> entries) {
        List<String> found = entries.keySet().stream().filter(n -> n.endsWith("/" + PICKLE) && n.indexOf('/') == n.length() - PICKLE.length() - 1).toList();
        if (found.size() != 1) {
            throw new InputException(path + ": is a zip archive with " + (found.isEmpty() ? "no " : "more than one ") + PICKLE + ", expected what torch.save writes");
        }
        String folder = found.getFirst().substring(0, found.getFirst().length() - PICKLE.length());
        if (entries.containsKey(folder + "constants.pkl")) {
            throw new InputException(path + ": is a TorchScript program, expected a map of tensors; in Python: torch.save(torch.jit.load(FILE).state_dict(), NEW_FILE)");
        }
        return found.getFirst();
    }

    /** What is packed is not unpacked: torch.save packs nothing, and a small file may unpack to any size. */
    private static void requireStored(String at, String name, StoredZip.Entry entry) {
        if (entry.flaw() != null) {
            throw new InputException(at + "has the entry " + Shown.of(name) + " " + entry.flaw() + ", expected it stored as it is, as torch.save does");
        }
    }

    private static void checkByteOrder(Path path, MemorySegment file, String name, Map<String, StoredZip.Entry> entries) {
        StoredZip.Entry entry = entries.get(name);
        if (entry == null) {
            return;
        }
        requireStored(path + ": ", name, entry);
        byte[] text = file.asSlice(entry.offset(), Math.min(entry.size(), SHORT_ENTRY)).toArray(ValueLayout.JAVA_BYTE);
        String order = new String(text, StandardCharsets.ISO_8859_1);
        if (!order.equals("little")) {
            throw new InputException(path + ": has data of the byte order \"" + Shown.of(order) + "\", expected little");
        }
    }

    private static SequencedMap<String, TensorEntry> tensors(Path path, Pickled value, String folder, Map<String, StoredZip.Entry> entries) {
        var found = new ArrayList<Map.Entry<String, TensorEntry>>();
        stateDict(path, value).entries().forEach((name, item) -> {
            TensorName.check(name, path);
            switch (item) {
                case Tensor tensor -> found.add(Map.entry(name, entry(path + ": tensor \"" + name + "\" ", tensor, folder, entries)));
                case Dict _ -> throw new InputException(path + ": has a dict under \"" + name + "\" beside its tensors, expected tensors only");
                default -> {
                    // Numbers and texts that training scripts save along, such as a step.
                }
            }
        });
        found.sort(Comparator.comparingLong((Map.Entry<String, TensorEntry> e) -> e.getValue().offset()).thenComparing(Map.Entry::getKey));
        var map = new LinkedHashMap<String, TensorEntry>();
        found.forEach(e -> map.put(e.getKey(), e.getValue()));
        return Collections.unmodifiableSequencedMap(map);
    }

    private static Dict stateDict(Path path, Pickled value) {
        if (!(value instanceof Dict dict)) {
            throw new InputException(path + ": holds " + value.kind() + ", expected a dict of names and tensors");
        }
        if (dict.entries().values().stream().noneMatch(Tensor.class::isInstance)) {
            Optional<Dict> nested = List.of("state_dict", "model").stream().map(dict.entries()::get).filter(Dict.class::isInstance).map(Dict.class::cast).findFirst();
            return nested.orElse(dict);
        }
        return dict;
    }

    private static TensorEntry entry(String at, Tensor tensor, String folder, Map<String, StoredZip.Entry> entries) {
        Storage storage = tensor.storage();
        StoredZip.Entry data = entries.get(folder + storage.key());
        if (data == null) {
            throw new InputException(at + "has its data in " + Shown.of(folder + storage.key()) + ", which the archive lacks");
        }
        requireStored(at, folder + storage.key(), data);
        long width = storage.type().bytes();
        if (storage.elements() < 0 || storage.elements() > data.size() / width || storage.elements() * width != data.size()) {
            throw new InputException(at + "is of a storage of " + storage.elements() + " " + storage.type() + ", but " + Shown.of(folder + storage.key()) + " has " + data.size() + " bytes");
        }
        long[] shape = tensor.shape().stream().mapToLong(Long::longValue).toArray();
        long elements = elements(at, shape);
        checkStrides(at, tensor, elements);
        if (tensor.offset() < 0 || elements > storage.elements() || tensor.offset() > storage.elements() - elements) {
            throw new InputException(at + "takes " + elements + " elements from element " + tensor.offset() + " on, but its storage has " + storage.elements());
        }
        return new TensorEntry(TensorType.fixed(storage.type(), shape), data.offset() + tensor.offset() * width, elements * width);
    }

    private static long elements(String at, long[] shape) {
        if (shape.length > TensorType.MOST_DIMENSIONS) {
            throw new InputException(at + "has " + shape.length + " axes, expected at most " + TensorType.MOST_DIMENSIONS);
        }
        long elements = 1;
        for (long size : shape) {
            if (size < 0 || size > 0 && elements > Long.MAX_VALUE / Long.BYTES / size) {
                throw new InputException(at + "has the shape " + Arrays.toString(shape) + ", which is impossible");
            }
            elements *= size;
        }
        return elements;
    }

    /** Row-major, without holes; the stride of an axis of one element says nothing. */
    private static void checkStrides(String at, Tensor tensor, long elements) {
        List<Long> shape = tensor.shape();
        List<Long> strides = tensor.strides();
        boolean contiguous = strides.size() == shape.size();
        long expected = 1;
        for (int i = shape.size() - 1; contiguous && elements > 0 && i >= 0; i--) {
            contiguous = shape.get(i) == 1 || strides.get(i) == expected;
            expected *= shape.get(i);
        }
        if (!contiguous) {
            throw new InputException(at + "has the strides " + strides.subList(0, Math.min(TensorType.MOST_DIMENSIONS, strides.size())) + " for the shape " + shape
                    + ": it is a view of other data, such as a transposed one, expected contiguous; in Python, save tensor.contiguous()");
        }
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public SequencedMap<String, TensorEntry> tensors() {
        return tensors;
    }

    @Override
    public WeightStore.Extent extent(String name) {
        TensorEntry entry = tensors.get(name);
        if (entry == null) {
            throw new InputException(path + ": has no tensor \"" + name + "\"");
        }
        return new WeightStore.Extent(path, entry.offset(), file.asSlice(entry.offset(), entry.bytes()));
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
