// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.onnx.CacheMode;
import io.github.depthc.backend.onnx.OnnxNames;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.KeptTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.mod.Routing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/** Runs a bundle, or a model that was never written as one, on ONNX Runtime's CPU kernels. */
public final class OrtEngine implements Engine {
    private final String name;
    private final BundleInfo info;
    private final OrtEnvironment environment;
    private final OrtSession session;
    /** Makes embeddings of token ids, where the graph takes embeddings and the bundle has that. */
    private final Optional<TextEmbedding> embedding;
    private final Runnable release;
    private final Set<String> inputs;
    private final Set<OrtSlot> open = new HashSet<>();
    // The call whose output the caller may still be reading, or that the next step runs again.
    private GraphCall last;

    /**
     * @param name    what is running, for messages
     * @param release frees what the session used, after it has been closed
     */
    private OrtEngine(String name, BundleInfo info, OrtEnvironment environment, OrtSession session, Optional<TextEmbedding> embedding, Runnable release) {
        this.name = name;
        this.info = info;
        this.environment = environment;
        this.session = session;
        this.embedding = embedding;
        this.release = release;
        this.inputs = Set.copyOf(session.getInputNames());
    }

    /**
     * Unpacks and loads ONNX Runtime's native libraries, which otherwise the first does who needs them.
     *
     * @throws UncheckedIOException if they cannot be unpacked or loaded here
     */
    public static void prepare() {
        OrtRuntime.load();
    }

    /**
     * ONNX Runtime's version and its execution providers.
     *
     * @throws UncheckedIOException if its native libraries cannot be unpacked or loaded here
     */
    public static String library() {
        OrtRuntime.load();
        String version = Optional.ofNullable(OrtEnvironment.class.getPackage().getImplementationVersion()).orElse("of unknown version");
        return version + OrtEnvironment.getAvailableProviders().stream().map(p -> p.getName().replace("ExecutionProvider", ""))
                .collect(Collectors.joining(", ", " (", ")"));
    }

    /**
     * Loads the bundle's decoder.
     *
     * @throws InputException if the bundle has no decoder for ONNX Runtime, its graph is none, or is not as {@code bundle.json} says
     * @throws IOException    if ONNX Runtime cannot load it
     */
    public static OrtEngine open(Bundle bundle, OrtOptions options) throws IOException {
        BundleInfo.Component decoder = bundle.component(Bundle.DECODER);
        OrtEnvironment environment = OrtRuntime.environment(options);
        Optional<TextEmbedding> embedding = bundle.has(Bundle.EMBEDDING) ? Optional.of(TextEmbedding.open(bundle, options)) : Optional.empty();
        try {
            return checked(bundle, decoder, environment, OrtComponent.session(bundle, decoder, environment, options), embedding);
        } catch (OrtException e) {
            embedding.ifPresent(TextEmbedding::close);
            throw new IOException("ONNX Runtime cannot use " + bundle.file(decoder.file()) + ": " + OrtRuntime.words(e), e);
        } catch (IOException | RuntimeException | Error e) {
            embedding.ifPresent(TextEmbedding::close);
            throw e;
        }
    }

    /**
     * Loads a model without writing a bundle, in the form in which a bundle of this specification would run; files, report and
     * variant of the weights have no meaning here. F32 weights are used where they are mapped, others are converted in memory.
     *
     * @throws InputException       if an op has no ONNX form, or a weight has a NaN or an infinity
     * @throws UncheckedIOException if ONNX Runtime cannot load it
     */
    public static OrtEngine load(BundleSpec spec, OrtOptions options) {
        OrtEnvironment environment = OrtRuntime.environment(options);
        LoadedGraph graph = LoadedGraph.of(environment, spec.model().graph(), spec.model().weights(), spec.portable(), options.prepacking(),
                Integer.MAX_VALUE);
        try {
            BundleInfo info = BundleInfo.of(spec, graph.emission().caches(), List.of(), List.of());
            return new OrtEngine(spec.model().info().name(), info, environment, graph.session(), Optional.empty(), graph.weights()::close);
        } catch (RuntimeException | Error e) {
            graph.close();
            throw e;
        }
    }

    private static OrtEngine checked(Bundle bundle, BundleInfo.Component decoder, OrtEnvironment environment, OrtSession session,
            Optional<TextEmbedding> embedding) throws OrtException {
        try {
            GraphAgreement.check(bundle, decoder, session);
            return new OrtEngine(bundle.folder().toString(), bundle.info(), environment, session, embedding, () -> embedding.ifPresent(TextEmbedding::close));
        } catch (OrtException | RuntimeException | Error e) {
            session.close();
            throw e;
        }
    }

    @Override
    public BundleInfo info() {
        return info;
    }

    /** What makes embeddings of token ids, where the bundle has that in a graph of its own; for the thread that uses the engine. */
    public Optional<TextEmbedding> embedding() {
        return embedding;
    }

    @Override
    public Slot open() {
        OrtSlot slot = new OrtSlot(this, info.caches().size());
        open.add(slot);
        return slot;
    }

    /** A slot has been closed. */
    void closed(OrtSlot slot) {
        open.remove(slot);
    }

    @Override
    public StepOutput prefill(List<Slot> slots, List<PromptInput> prompts) {
        return prefill(slots, prompts, Optional.empty());
    }

    @Override
    public StepOutput prefill(Slot slot, PromptInput prompt, Map<Integer, int[]> kept) {
        return prefill(List.of(slot), List.of(prompt), Optional.of(kept));
    }

    private StepOutput prefill(List<Slot> slots, List<PromptInput> prompts, Optional<Map<Integer, int[]>> kept) {
        List<OrtSlot> own = own(slots);
        if (prompts.size() != own.size()) {
            throw new IllegalArgumentException(own.size() + " slots but " + prompts.size() + " prompts");
        }
        if (own.size() > 1 && own.stream().anyMatch(s -> s.length > 0)) {
            // The attention kernel takes several new tokens behind a past in one row only.
            throw new IllegalArgumentException("several slots can be prefilled at once only while they are empty");
        }
        var rows = new ArrayList<PromptRow>();
        for (int r = 0; r < own.size(); r++) {
            if (own.get(r).length > 0) {
                requireDecoder();
            }
            rows.add(PromptRow.check(embedded(prompts.get(r)), own.get(r).length, info, inputs));
        }
        int[] appended = new int[info.caches().size()];
        int[] room = new int[appended.length];
        for (int l = 0; l < appended.length; l++) {
            expect(info.layers().get(l), rows, l, appended, room);
        }
        drop();
        SlotGroup group = own.getFirst().group;
        if (own.getFirst().length > 0 && group.isOf(own)) {
            for (int l = 0; l < room.length; l++) {
                group.reserve(l, room[l]);
            }
        } else {
            group = new SlotGroup(environment, info.caches(), own, room, mostEntries());
        }
        last = new GraphCall(environment, info, inputs, group, false, rows.stream().mapToInt(PromptRow::tokens).sum(),
                rows.stream().mapToInt(PromptRow::outputs).sum(), appended);
        fill(last, rows);
        StepOutput output = last.run(session, kept);
        for (int l = 0; l < appended.length; l++) {
            group.trim(l, 2);
        }
        return output;
    }

    private PromptInput embedded(PromptInput prompt) {
        if (embedding.isEmpty() || prompt.tokens() == null) {
            return prompt;
        }
        for (int id : prompt.tokens()) {
            PromptRow.checkToken(id, info);
        }
        return new PromptInput(null, embedding.get().of(prompt.tokens()), prompt.candidates(), prompt.allLogits());
    }

    // New entries of a layer over all rows (−1: not known), and what an in-place cache must have room for.
    private void expect(LayerPlan plan, List<PromptRow> rows, int l, int[] appended, int[] room) {
        int longest = 0;
        for (PromptRow row : rows) {
            OptionalInt n = !attends(l) ? OptionalInt.of(0) : KeptTokens.predictCached(plan, row.tokens(), row.candidateCount());
            appended[l] = n.isEmpty() || appended[l] < 0 ? -1 : appended[l] + n.getAsInt();
            longest = Math.max(longest, n.orElse(row.tokens()));
        }
        // The spare entry takes the padding token of a row that keeps none.
        room[l] = info.caches().get(l).mode() == CacheMode.IN_PLACE ? longest + 1 : 0;
    }

    // An encoder's layers hand their caches on, and so does a layer that a pass has taken attention from.
    private boolean attends(int l) {
        return inputs.contains(OnnxNames.pastKey(l));
    }

    private void requireDecoder() {
        if (info.output() != BundleInfo.Output.LOGITS) {
            throw new InputException(name + " is an encoder, which takes a text whole: nothing can be put behind it; open another slot for another text");
        }
    }

    private static void fill(GraphCall call, List<PromptRow> rows) {
        int token = 0;
        int out = 0;
        for (int r = 0; r < rows.size(); r++) {
            PromptRow row = rows.get(r);
            PromptInput prompt = row.prompt();
            call.rowLengths.setLong(r, row.tokens());
            call.rowStarts.setLong(r, row.start());
            if (call.embeddings != null) {
                int width = prompt.embeddings().length / row.tokens();
                MemorySegment.copy(prompt.embeddings(), 0, call.embeddings.data, ValueLayout.JAVA_FLOAT,
                        (long) token * width * Float.BYTES, prompt.embeddings().length);
            }
            for (int i = 0; i < row.tokens(); i++, token++) {
                if (call.ids != null) {
                    call.ids.setLong(token, prompt.tokens()[i]);
                }
                call.positions.setLong(token, row.start() + i);
                call.candidates.data.set(ValueLayout.JAVA_BYTE, token, (byte) (row.candidates()[i] ? 1 : 0));
                if (row.isWanted(i)) {
                    call.logitsAt.setLong(out++, token);
                }
            }
        }
    }

    @Override
    public StepOutput step(List<Slot> slots, int[] tokens) {
        GraphCall call = stepCall(slots);
        SlotGroup group = call.group;
        if (tokens.length != group.rows()) {
            throw new IllegalArgumentException(group.rows() + " slots but " + tokens.length + " tokens");
        }
        for (int r = 0; r < tokens.length; r++) {
            OrtSlot slot = group.slot(r);
            PromptRow.checkToken(tokens[r], info);
            PromptRow.checkLength(slot.length, 1, info);
        }
        for (int l = 0; l < info.caches().size(); l++) {
            if (info.caches().get(l).mode() == CacheMode.IN_PLACE) {
                group.reserve(l, 2);
            }
        }
        if (call.embeddings != null) {
            float[] made = embedding.orElseThrow().of(tokens);
            MemorySegment.copy(made, 0, call.embeddings.data, ValueLayout.JAVA_FLOAT, 0, made.length);
        }
        for (int r = 0; r < tokens.length; r++) {
            int length = group.slot(r).length;
            if (call.ids != null) {
                call.ids.setLong(r, tokens[r]);
            }
            call.positions.setLong(r, length);
            call.rowStarts.setLong(r, length);
        }
        return call.run(session, Optional.empty());
    }

    // The call of the step before, or a new one when other slots come.
    private GraphCall stepCall(List<Slot> slots) {
        if (last != null && last.isStep && last.group.isOf(slots)) {
            return last;
        }
        List<OrtSlot> own = own(slots);
        requireDecoder();
        for (OrtSlot s : own) {
            if (s.length == 0) {
                throw new IllegalStateException("a slot has no prompt yet: prefill it first");
            }
        }
        if (!inputs.contains(GraphNames.TOKEN_IDS) && embedding.isEmpty()) {
            throw new InputException(name + " takes embeddings, not token ids: it cannot step by token id");
        }
        int rows = own.size();
        boolean routed = info.decode() == Routing.DecodeRule.THRESHOLD;
        int[] appended = new int[info.caches().size()];
        int[] room = new int[appended.length];
        Arrays.fill(room, 2);
        for (int l = 0; l < appended.length; l++) {
            OptionalInt n = !attends(l) ? OptionalInt.of(0) : KeptTokens.predictCached(info.layers().get(l), 1, routed ? 1 : 0);
            appended[l] = n.isEmpty() ? -1 : rows * n.getAsInt();
        }
        drop();
        SlotGroup group = own.getFirst().group;
        if (!group.isOf(own)) {
            group = new SlotGroup(environment, info.caches(), own, room, mostEntries());
        }
        last = new GraphCall(environment, info, inputs, group, true, rows, rows, appended);
        for (int r = 0; r < rows; r++) {
            last.rowLengths.setLong(r, 1);
            last.logitsAt.setLong(r, r);
            last.candidates.data.set(ValueLayout.JAVA_BYTE, r, (byte) (routed ? 1 : 0));
        }
        return last;
    }

    @Override
    public long kvBytesReserved(List<int[]> entries) {
        long sum = 0;
        for (int l = 0; l < info.caches().size(); l++) {
            int longest = 0;
            for (int[] slot : entries) {
                longest = Math.max(longest, slot[l]);
            }
            sum += entries.size() * (long) CacheBuffer.bucket(longest + 2, mostEntries()) * info.caches().get(l).bytesPerToken();
        }
        return sum;
    }

    // A full context and the spare entry.
    private int mostEntries() {
        return info.model().context() + 1;
    }

    private List<OrtSlot> own(List<Slot> slots) {
        if (slots.isEmpty()) {
            throw new IllegalArgumentException("no slots");
        }
        var own = new ArrayList<OrtSlot>();
        for (Slot s : slots) {
            if (!(s instanceof OrtSlot slot) || slot.engine != this || slot.closed || own.contains(slot)) {
                throw new IllegalArgumentException("a slot is closed, given twice, or of another engine");
            }
            own.add(slot);
        }
        return own;
    }

    private void drop() {
        if (last != null) {
            last.close();
            last = null;
        }
    }

    @Override
    public void close() {
        List.copyOf(open).forEach(OrtSlot::close);
        drop();
        try {
            session.close();
        } catch (OrtException e) {
            throw OrtRuntime.failure("cannot close the session", e);
        } finally {
            release.run();
        }
    }
}
