// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Segment;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What a bundle has for GPUs: the plan, which is the model cut into segments, and the files for each of its steps. Its weights are mapped until it
 * is closed.
 */
public final class BundlePlan implements AutoCloseable {
    /** The folder of these files, with its slash; {@link #JSON} and the graphs name files in it relative to it. */
    public static final String FOLDER = "gpu/";
    /** The list of these files. */
    public static final String JSON = FOLDER + "plan.json";
    /** The plan's text. */
    static final String PLAN = "plan.mir";
    /** Source name of the weights. */
    static final String SOURCE = "gpu";

    private static final int MOST_FILES = 4096;
    private static final int MOST_WEIGHTS = 1 << 16;

    private final Path folder;
    private final DType rowType;
    private final List<Path> segments = new ArrayList<>();
    private final Map<AttentionForm, Path> attentions = new HashMap<>();
    private final SortedMap<Integer, Path> kernels = new TreeMap<>();
    private final Arena arena = Arena.ofShared();
    private final Map<String, MemorySegment> mapped = new HashMap<>();
    private final Map<String, Place> weights = new HashMap<>();
    private final Model model;

    /** Where a weight is, in a file of the bundle. */
    private record Place(String file, long offset, long length) {
        static final Comparator<Place> ORDER = Comparator.comparing(Place::file).thenComparingLong(Place::offset).thenComparingLong(Place::length);

        long end() {
            return offset + length;
        }
    }

    /**
     * A prompt's attention as its graph is.
     *
     * @param kind    heads, sizes, scale, window, soft cap
     * @param byIndex whether indices say which key comes before which query
     */
    public record AttentionForm(Attention kind, boolean byIndex) {
        /** The form of an attention that has a cache. */
        public static AttentionForm of(Node attention) {
            var kind = (Attention) attention.kind();
            return new AttentionForm(kind, kind.window() > 0 || attention.operand(Attention.QUERY_ROWS) != attention.operand(Attention.QUERY_ROWS + 1));
        }
    }

    /** The forms that a plan's attentions have, each once. */
    static List<AttentionForm> attentions(Region graph) {
        var forms = new LinkedHashSet<AttentionForm>();
        graph.nodes().stream().filter(n -> n.kind() instanceof Attention).forEach(n -> forms.add(AttentionForm.of(n)));
        return List.copyOf(forms);
    }

    /** Whether a bundle has a plan. */
    public static boolean isIn(Bundle bundle) {
        return has(bundle, FOLDER + PLAN);
    }

    static boolean has(Bundle bundle, String path) {
        return bundle.info().files().stream().anyMatch(f -> f.path().equals(path));
    }

    /**
     * Reads the list and the plan, and maps the weights.
     *
     * @throws InputException if the bundle has none, or they do not fit together
     */
    public static BundlePlan open(Bundle bundle) throws IOException {
        if (SingleGraphs.isIn(bundle)) {
            throw new InputException(bundle.folder() + " has one engine graph (--form single), which TensorRT's own tools build and run; convert the model again with --form segments");
        }
        return new BundlePlan(bundle);
    }

    private BundlePlan(Bundle bundle) throws IOException {
        folder = bundle.folder();
        try {
            JsonFields root = list(bundle);
            rowType = rowType(root);
            root.texts("segments", MOST_FILES).forEach(f -> segments.add(listed(bundle, f, root)));
            root.list("kernels", MOST_FILES, k -> once(kernels, k.integer("architecture", 1, 10_000), listed(bundle, k.text("file"), k), k));
            if (kernels.isEmpty()) {
                throw root.bad("lists no kernels, expected a file for one architecture at least; convert the model again");
            }
            root.list("weights", MOST_WEIGHTS, w -> once(weights, w.text("name"), place(bundle, w), w));
            requireApart(root);
            model = model(listed(bundle, root.text("plan"), root), root);
            Set<String> unread = new TreeSet<>(weights.keySet());
            stored(model.graph()).forEach(w -> {
                find(w);
                unread.remove(w.name());
            });
            if (!unread.isEmpty()) {
                throw root.bad("lists the weight \"" + unread.iterator().next() + "\", which the plan does not read; convert the model again");
            }
            List<AttentionForm> forms = attentions(model.graph());
            List<String> files = root.texts("attentions", MOST_FILES);
            if (files.size() != forms.size() || segments.size() != model.nodes(Segment.class).size()) {
                throw root.bad("has " + segments.size() + " segments and " + files.size() + " attentions, the plan has " + model.nodes(Segment.class).size() + " and "
                        + forms.size() + "; convert the model again");
            }
            for (int i = 0; i < forms.size(); i++) {
                attentions.put(forms.get(i), listed(bundle, files.get(i), root));
            }
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private static <K, V> V once(Map<K, V> all, K key, V value, JsonFields where) {
        if (all.put(key, value) != null) {
            throw where.bad("is of \"" + key + "\", which was listed before, expected each once; convert the model again");
        }
        return value;
    }

    /** Two names may be of the same bytes; bytes that are of one weight in part are of another file, or of none. */
    private void requireApart(JsonFields root) {
        Map.Entry<String, Place> before = null;
        for (Map.Entry<String, Place> weight : weights.entrySet().stream().sorted(Map.Entry.comparingByValue(Place.ORDER)).toList()) {
            Place place = weight.getValue();
            if (before != null && before.getValue().file().equals(place.file()) && !before.getValue().equals(place) && before.getValue().end() > place.offset()) {
                throw root.bad("has the weights \"" + before.getKey() + "\" and \"" + weight.getKey() + "\" in the same bytes of " + place.file() + ", from " + place.offset()
                        + " on; convert the model again");
            }
            before = weight;
        }
    }

    /** {@link #JSON}; {@link InputException} if there is none. */
    static JsonFields list(Bundle bundle) throws IOException {
        if (!has(bundle, JSON)) {
            throw new InputException(bundle.folder() + " has nothing for GPUs (" + JSON + "); convert the model again with --target tensorrt");
        }
        return BundleJson.fields(bundle.file(JSON));
    }

    static DType rowType(JsonFields root) {
        return Arrays.stream(DType.values()).filter(t -> t.text().equals(root.text("row_type"))).findFirst()
                .filter(t -> List.of(DType.F32, DType.BF16, DType.F16).contains(t)).orElseThrow(() -> root.oneOf("row_type", List.of("f32", "bf16", "f16")));
    }

    /** A file of the list; {@link InputException} if the bundle does not have it. */
    static Path listed(Bundle bundle, String file, JsonFields where) {
        String path = FOLDER + file;
        if (!has(bundle, path)) {
            throw where.bad("names the file \"" + file + "\", which is not among the bundle's files; convert the model again");
        }
        return bundle.file(path);
    }

    private Place place(Bundle bundle, JsonFields w) {
        Path file = listed(bundle, w.text("file"), w);
        try {
            if (!mapped.containsKey(w.text("file"))) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                    mapped.put(w.text("file"), channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        long size = mapped.get(w.text("file")).byteSize();
        long offset = w.number("offset", 0, size);
        return new Place(w.text("file"), offset, w.number("length", 0, size - offset));
    }

    private Model model(Path file, JsonFields root) throws IOException {
        Model read = Parser.model(SourceText.read(file), BuiltinOps.SET, this::find);
        List<Diagnostic> errors = Verifier.check(read, BuiltinOps.SET);
        if (!errors.isEmpty()) {
            throw new InputException(errors.getFirst() + "; convert the model again");
        }
        return read;
    }

    private static Stream<WeightExpr.Stored> stored(Region region) {
        return region.nodes().stream().flatMap(n -> n.kind() instanceof Weight w ? WeightStore.leaves(w.expr()).stream() : n.regions().stream().flatMap(BundlePlan::stored));
    }

    private WeightStore.Extent find(WeightExpr.Stored weight) {
        Place place = SOURCE.equals(weight.source()) ? weights.get(weight.name()) : null;
        if (place == null || place.length() != weight.byteSize()) {
            throw new InputException(folder.resolve(JSON) + ": has no weight \"" + weight.name() + "\" of " + weight.byteSize() + " bytes, which the plan has; convert the model again");
        }
        int unit = weight.type().dtype().bytes();
        if (place.offset() % unit != 0) {
            throw new InputException(folder.resolve(JSON) + ": the weight \"" + weight.name() + "\" begins at " + place.offset() + ", expected a multiple of " + unit
                    + ", the bytes of an element; convert the model again");
        }
        return new WeightStore.Extent(folder.resolve(FOLDER + place.file()), place.offset(), mapped.get(place.file()).asSlice(place.offset(), place.length()));
    }

    /** The model, cut into segments; its weights are found until this is closed. */
    public Model model() {
        return model;
    }

    /** Element type of matrices and hidden states. */
    public DType rowType() {
        return rowType;
    }

    /** The ONNX graph of each segment, in order: inputs by the names of the region's parameters, outputs {@code out.0}, {@code out.1}, …. */
    public List<Path> segments() {
        return List.copyOf(segments);
    }

    /** The ONNX graph of each form of attention, see {@link io.github.depthc.backend.onnx.PromptAttention}. */
    public Map<AttentionForm, Path> attentions() {
        return Map.copyOf(attentions);
    }

    /** The kernels compiled for each architecture, such as 90. */
    public SortedMap<Integer, Path> kernels() {
        return new TreeMap<>(kernels);
    }

    /** Where an external weight of a graph is: its bytes, mapped, by the initializer's location, offset and length; {@link InputException} if outside. */
    public MemorySegment bytes(String location, long offset, long length) {
        MemorySegment file = mapped.get(location);
        if (file == null || offset < 0 || length < 0 || offset > file.byteSize() || length > file.byteSize() - offset) {
            throw new InputException(folder.resolve(FOLDER + location) + ": holds no weight at " + offset + " of " + length + " bytes; convert the model again");
        }
        return file.asSlice(offset, length);
    }

    /** The bundle's folder. */
    public Path folder() {
        return folder;
    }

    @Override
    public void close() {
        arena.close();
    }
}
