// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.serving;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** An engine whose calls take at least so long, as those of a larger model do. */
final class SlowedEngine implements Engine {
    private final Engine engine;
    volatile long nanos;

    SlowedEngine(Engine engine) {
        this.engine = engine;
    }

    @Override
    public BundleInfo info() {
        return engine.info();
    }

    @Override
    public EngineLimits limits() {
        return engine.limits();
    }

    @Override
    public Slot open() {
        return engine.open();
    }

    @Override
    public StepOutput prefill(List<Slot> slots, List<PromptInput> prompts) {
        LockSupport.parkNanos(nanos);
        return engine.prefill(slots, prompts);
    }

    @Override
    public StepOutput prefill(Slot slot, PromptInput prompt, Map<Integer, int[]> kept) {
        LockSupport.parkNanos(nanos);
        return engine.prefill(slot, prompt, kept);
    }

    @Override
    public StepOutput step(List<Slot> slots, int[] tokens) {
        LockSupport.parkNanos(nanos);
        return engine.step(slots, tokens);
    }

    @Override
    public long kvBytesReserved(List<int[]> entries) {
        return engine.kvBytesReserved(entries);
    }

    @Override
    public void close() {
        engine.close();
    }
}
