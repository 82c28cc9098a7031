// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.backend.runtime.KeptTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Param;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Runs a {@link Plan} on a {@link Device}. Prompts run one after the other, decode steps of several slots together. A step is recorded the
 * first time that so many slots come, and runs again after that; nothing is allocated for a token then.
 */
public final class PlanEngine implements Engine {
    private final BundleInfo info;
    private final Plan plan;
    private final Device device;
    private final Runnable release;
    private final List<CacheType> caches;
    private final Set<PlanSlot> open = new HashSet<>();
    private final Arena arena = Arena.ofShared();
    private final Map<Integer, Steps> steps = new HashMap<>();
    private DeviceMemory promptMemory;
    private MemoryLayout promptLayout;
    private MemorySegment logits = MemorySegment.NULL;

    /** @param device is closed with the engine */
    public PlanEngine(BundleInfo info, Plan plan, Device device) {
        this(info, plan, device, () -> { });
    }

    /** @param release frees what the plan's weights are in, after the device has been closed */
    public PlanEngine(BundleInfo info, Plan plan, Device device, Runnable release) {
        this.info = info;
        this.plan = plan;
        this.device = device;
        this.release = release;
        this.caches = plan.caches();
        if (caches.size() != info.layers().size()) {
            throw new IllegalArgumentException("a plan of " + caches.size() + " layers for a model of " + info.layers().size());
        }
    }

    /** What it runs on. */
    public Device device() {
        return device;
    }

    @Override
    public BundleInfo info() {
        return info;
    }

    @Override
    public DType cacheType() {
        return device.rowType();
    }

    @Override
    public EngineLimits limits() {
        return device.limits();
    }

    @Override
    public OptionalLong freeBytes() {
        return device.freeBytes();
    }

    @Override
    public Slot open() {
        var slot = new PlanSlot(this, caches);
        open.add(slot);
        return slot;
    }

    void closed(PlanSlot slot) {
        open.remove(slot);
        steps.values().forEach(s -> s.forget(slot));
    }

    @Override
    public StepOutput prefill(List<Slot> slots, List<PromptInput> prompts) {
        if (prompts.size() != slots.size()) {
            throw new IllegalArgumentException(slots.size() + " slots but " + prompts.size() + " prompts");
        }
        List<PlanSlot> own = own(slots);
        int[] outputs = new int[own.size()];
        int all = 0;
        for (int i = 0; i < outputs.length; i++) {
            outputs[i] = prompts.get(i).allLogits() ? prompts.get(i).length(info.model().hidden()) : 1;
            all += outputs[i];
        }
        MemorySegment to = logits(all);
        long begin = 0;
        for (int i = 0; i < outputs.length; i++) {
            long bytes = (long) outputs[i] * info.model().vocab() * Float.BYTES;
            prefill(own.get(i), prompts.get(i), null, null, to.asSlice(begin, bytes));
            begin += bytes;
        }
        return checked(all, to);
    }

    @Override
    public StepOutput prefill(Slot slot, PromptInput prompt, Map<Integer, int[]> kept) {
        int outputs = prompt.allLogits() ? prompt.length(info.model().hidden()) : 1;
        MemorySegment to = logits(outputs);
        prefill(own(List.of(slot)).getFirst(), prompt, kept, null, to);
        return checked(outputs, to);
    }

    /** As {@link #prefill(List, List)} of one slot, with somebody who looks on. */
    public StepOutput prefill(Slot slot, PromptInput prompt, StepListener listener) {
        int outputs = prompt.allLogits() ? prompt.length(info.model().hidden()) : 1;
        MemorySegment to = logits(outputs);
        prefill(own(List.of(slot)).getFirst(), prompt, null, listener, to);
        return checked(outputs, to);
    }

    /**
     * Runs a prompt, and reads back how many entries the device itself counted for each layer's cache: for checks, since {@link Slot#cacheLengths}
     * is what this process expects of a prompt.
     */
    public int[] entriesOnDevice(Slot slot, PromptInput prompt) {
        return prefill(own(List.of(slot)).getFirst(), prompt, null, null, logits(prompt.allLogits() ? prompt.length(info.model().hidden()) : 1)).entriesOnDevice();
    }

    private PromptRun prefill(PlanSlot slot, PromptInput prompt, Map<Integer, int[]> kept, StepListener listener, MemorySegment to) {
        int n = prompt.length(info.model().hidden());
        check(slot, prompt, n);
        boolean[] flags = prompt.candidates().flags(n, info.candidates());
        int candidates = 0;
        for (boolean flag : flags) {
            candidates += flag ? 1 : 0;
        }
        int outputs = prompt.allLogits() ? n : 1;
        if (promptLayout == null || promptLayout.tokens() < n || promptLayout.outputs() < outputs) {
            MemoryLayout larger = MemoryLayout.ofPrompt(plan, Math.max(n, promptLayout == null ? 0 : promptLayout.tokens()),
                    Math.max(outputs, promptLayout == null ? 1 : promptLayout.outputs()));
            if (promptMemory != null) {
                promptMemory.close();
                promptMemory = null;
                promptLayout = null; // should there be no memory for the larger one, there is none at all
            }
            promptMemory = device.allocate(larger.bytes());
            promptLayout = larger;
        }
        int[] entries = new int[caches.size()];
        for (int l = 0; l < entries.length; l++) {
            entries[l] = KeptTokens.predictCached(info.layers().get(l), n, candidates).orElse(n) + 1;
        }
        slot.reserve(entries);
        var run = new PromptRun(plan, device, promptLayout, promptMemory.address(), slot, n, outputs, candidates, kept);
        try (Arena inputs = Arena.ofConfined()) {
            upload(run, inputs, prompt, flags, outputs);
            device.download(run.run(listener), to);
        }
        slot.length = n;
        return run;
    }

    private void check(PlanSlot slot, PromptInput prompt, int n) {
        if (n == 0) {
            throw new InputException("the prompt has no tokens, expected at least 1");
        }
        if (slot.length > 0) {
            throw new InputException("the slot has tokens already; " + device.name() + " takes a prompt in an empty slot alone");
        }
        if (n > info.model().context()) {
            throw new InputException("the prompt has " + n + " tokens, the model was made for " + info.model().context() + " at most");
        }
        requireBuilt("the prompt has " + n + " tokens", n, device.limits().promptTokens(), "--max-prompt");
        if (prompt.tokens() != null) {
            for (int id : prompt.tokens()) {
                checkToken(id);
            }
        }
        String takes = plan.model().graph().param(GraphNames.TOKEN_IDS) != null ? GraphNames.TOKEN_IDS : "inputs_embeds";
        if (takes.equals(GraphNames.TOKEN_IDS) != (prompt.tokens() != null)) {
            throw new InputException("the plan takes " + takes + ", given are " + (prompt.tokens() != null ? "token ids" : "embeddings"));
        }
    }

    private void requireBuilt(String what, int asked, int most, String option) {
        if (asked > most) {
            throw new InputException(what + ", the engines for " + device.name() + " were built for " + most + " at most; build them again with " + option + " " + asked);
        }
    }

    private void checkToken(int id) {
        if (id < 0 || id >= info.model().vocab()) {
            throw new InputException("the token id " + id + " is outside the vocabulary of " + info.model().vocab());
        }
    }

    private void upload(PlanRun run, Arena arena, PromptInput prompt, boolean[] flags, int outputs) {
        int n = flags.length;
        device.upload(ints(arena, 0, n), new DeviceTensor(run.base + run.layout.rowOffsets(), DType.I32, 2, 1));
        int[] iota = new int[n];
        for (int i = 0; i < n; i++) {
            iota[i] = i;
        }
        device.upload(ints(arena, iota), new DeviceTensor(run.base + run.layout.sequenceIndex(), DType.I32, n, 1));
        for (Param p : plan.model().graph().params()) {
            DeviceTensor to = run.tensors.get(p);
            switch (p.name()) {
                case GraphNames.TOKEN_IDS -> device.upload(ints(arena, prompt.tokens()), to);
                case GraphNames.INPUTS_EMBEDS -> embeddings(arena, prompt.embeddings(), to);
                case GraphNames.POSITIONS -> device.upload(ints(arena, iota), to);
                case GraphNames.CANDIDATES -> {
                    MemorySegment bytes = arena.allocate(n);
                    for (int i = 0; i < n; i++) {
                        bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (flags[i] ? 1 : 0));
                    }
                    device.upload(bytes, to);
                }
                case GraphNames.LOGITS_AT -> device.upload(outputs == n ? ints(arena, iota) : ints(arena, n - 1), to);
                default -> { }
            }
        }
    }

    private void embeddings(Arena arena, float[] values, DeviceTensor to) {
        MemorySegment host = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
        if (to.dtype() == DType.F32) {
            device.upload(host, to);
            return;
        }
        try (DeviceMemory wide = device.allocate(host.byteSize())) {
            var f32 = new DeviceTensor(wide.address(), DType.F32, to.rows(), to.width());
            device.upload(host, f32);
            device.narrow(f32, to);
        }
    }

    private static MemorySegment ints(Arena arena, int... values) {
        return arena.allocateFrom(ValueLayout.JAVA_INT, values);
    }

    @Override
    public StepOutput step(List<Slot> slots, int[] tokens) {
        return step(slots, tokens, null);
    }

    /** As {@link #step(List, int[])}, nothing recorded, with somebody who looks on; what is kept cannot be changed in a step. */
    public StepOutput step(List<Slot> slots, int[] tokens, StepListener listener) {
        List<PlanSlot> own = own(slots);
        if (tokens.length != own.size()) {
            throw new IllegalArgumentException(own.size() + " slots but " + tokens.length + " tokens");
        }
        requireBuilt("a decode step has " + tokens.length + " rows", tokens.length, device.limits().rows(), "--max-batch");
        if (plan.model().graph().param(GraphNames.TOKEN_IDS) == null) {
            throw new InputException("the plan takes embeddings, not token ids: it cannot step by token id");
        }
        for (int r = 0; r < tokens.length; r++) {
            checkToken(tokens[r]);
            if (own.get(r).length == 0) {
                throw new IllegalStateException("a slot has no prompt yet: prefill it first");
            }
            if (own.get(r).length >= info.model().context()) {
                throw new InputException("the sequence has " + own.get(r).length + " tokens, as many as the model was made for");
            }
        }
        Steps s = steps.computeIfAbsent(own.size(), rows -> new Steps(rows, info, plan, device, arena));
        // the caches of these grow, which tables of steps with other slots beside them do not know
        steps.values().stream().filter(other -> other != s).forEach(other -> own.forEach(other::forget));
        MemorySegment to = logits(own.size());
        s.run(own, tokens, listener, to);
        return checked(own.size(), to);
    }

    /** The most that slots of so many entries take, with the room that caches have to grow. */
    @Override
    public long kvBytesReserved(List<int[]> entries) {
        return entries.stream().mapToLong(slot -> CacheRoom.mostBytes(caches, slot, device.rowType())).sum();
    }

    /** Bytes of so many entries in each layer's cache themselves. */
    public long kvBytes(int[] entries) {
        long sum = 0;
        for (int l = 0; l < entries.length; l++) {
            sum += CacheRoom.bytes(caches.get(l), entries[l], device.rowType());
        }
        return sum;
    }

    private MemorySegment logits(int rows) {
        long bytes = (long) rows * info.model().vocab() * Float.BYTES;
        if (logits.byteSize() < bytes) {
            logits = arena.allocate(bytes, 64);
        }
        return logits.asSlice(0, bytes);
    }

    private StepOutput checked(int rows, MemorySegment values) {
        var output = new StepOutput(rows, info.model().vocab(), values.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer());
        for (int r = 0; r < rows; r++) {
            int token = output.notFinite(r).orElse(-1);
            if (token >= 0) {
                throw new UncheckedIOException(new IOException(device.name() + ": the logit of token " + token + " at output position " + r + " is "
                        + output.at(r, token) + "; the checkpoint has such numbers, or they do not fit in " + device.rowType()));
            }
        }
        return output;
    }

    private List<PlanSlot> own(List<Slot> slots) {
        if (slots.isEmpty()) {
            throw new IllegalArgumentException("no slots");
        }
        var own = new ArrayList<PlanSlot>();
        for (Slot s : slots) {
            if (!(s instanceof PlanSlot slot) || slot.engine != this || slot.closed || own.contains(slot)) {
                throw new IllegalArgumentException("a slot is closed, given twice, or of another engine");
            }
            own.add(slot);
        }
        return own;
    }

    @Override
    public void close() {
        Ending.all(() -> Ending.all(List.copyOf(open).stream().map(slot -> slot::close)), () -> Ending.all(steps.values().stream().map(s -> s::close)), () -> {
            if (promptMemory != null) {
                promptMemory.close();
            }
        }, device::close, arena::close, release);
    }
}
