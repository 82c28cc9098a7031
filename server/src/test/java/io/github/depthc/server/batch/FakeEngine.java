// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.LayerCache;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.bundle.TokenIds;
import io.github.depthc.backend.onnx.CacheMode;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.mod.Routing;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/** An engine whose next token is the last one and one more, and whose calls wait for permission. One dense layer, 8 bytes a token. */
final class FakeEngine implements Engine {
    static final int VOCAB = 1000;
    static final int EOS = 999;
    static final int BYTES = 8;

    /** How many calls may run. */
    final Semaphore permits = new Semaphore(0);
    /** Slots that are open. */
    final Set<Slot> open = ConcurrentHashMap.newKeySet();
    /** Rows of each step. */
    final List<Integer> steps = new ArrayList<>();
    private final BundleInfo info = new BundleInfo("test", new ModelInfo("fake", "llama", 1, 8, 1, 1, 1, 8, VOCAB, 512), BundleInfo.Output.LOGITS,
            List.of(LayerPlan.dense(0)), List.of(new LayerCache(CacheMode.IN_PLACE, 1, 1, false)), Routing.Candidates.PROMPT, Routing.DecodeRule.DENSE,
            new TokenIds(OptionalInt.empty(), List.of(EOS)), List.of(), List.of());
    volatile RuntimeException failure;

    @Override
    public BundleInfo info() {
        return info;
    }

    @Override
    public Slot open() {
        var slot = new FakeSlot();
        open.add(slot);
        return slot;
    }

    @Override
    public StepOutput prefill(List<Slot> slots, List<PromptInput> prompts) {
        call();
        var tokens = new int[slots.size()];
        for (int r = 0; r < tokens.length; r++) {
            int[] ids = prompts.get(r).tokens();
            ((FakeSlot) slots.get(r)).length += ids.length;
            tokens[r] = ids[ids.length - 1];
        }
        return output(tokens);
    }

    @Override
    public StepOutput prefill(Slot slot, PromptInput prompt, Map<Integer, int[]> kept) {
        return prefill(List.of(slot), List.of(prompt));
    }

    @Override
    public StepOutput step(List<Slot> slots, int[] tokens) {
        call();
        synchronized (steps) {
            steps.add(tokens.length);
        }
        slots.forEach(s -> ((FakeSlot) s).length++);
        return output(tokens);
    }

    private void call() {
        permits.acquireUninterruptibly();
        if (failure != null) {
            throw failure;
        }
    }

    private static StepOutput output(int[] tokens) {
        FloatBuffer logits = FloatBuffer.allocate(tokens.length * VOCAB);
        for (int r = 0; r < tokens.length; r++) {
            logits.put(r * VOCAB + (tokens[r] + 1) % VOCAB, 10);
        }
        return new StepOutput(tokens.length, VOCAB, logits);
    }

    @Override
    public long kvBytesReserved(List<int[]> entries) {
        return entries.size() * (long) BYTES * entries.stream().mapToInt(e -> e[0]).max().orElse(0);
    }

    @Override
    public void close() {
        open.clear();
    }

    private final class FakeSlot implements Slot {
        private int length;

        @Override
        public int length() {
            return length;
        }

        @Override
        public StepOutput prefill(PromptInput prompt) {
            return FakeEngine.this.prefill(List.of(this), List.of(prompt));
        }

        @Override
        public int[] cacheLengths() {
            return new int[] {length};
        }

        @Override
        public long kvBytesUsed() {
            return (long) BYTES * length;
        }

        @Override
        public long kvBytesReserved() {
            return kvBytesUsed();
        }

        @Override
        public void close() {
            open.remove(this);
        }
    }
}
